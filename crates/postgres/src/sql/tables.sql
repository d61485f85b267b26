select t.schema, t.name, t.kind = 'p' as partitioned,
    pn.nspname::text as parent_schema, p.relname::text as parent_name, c.relispartition as is_partition,
    c.relpersistence = 'u' as unlogged,
    coalesce((
        select array_agg(a.attname::text order by k.place)
        from pg_index i
        cross join lateral unnest(i.indkey) with ordinality as k (attnum, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indrelid = t.oid and i.indisprimary and k.place <= i.indnkeyatts
    ), '{}') as primary_key,
    case c.relreplident
        when 'f' then 'full row'
        when 'n' then 'nothing'
        when 'i' then case when exists (
            select from pg_index i where i.indrelid = t.oid and i.indisreplident and i.indisvalid
        ) then 'key' else 'index is gone' end
        else coalesce((
            select case when i.indimmediate then 'key' else 'deferrable' end
            from pg_index i
            where i.indrelid = t.oid and i.indisprimary and i.indisvalid
        ), 'no key')
    end as identity,
    (
        select x.relname::text
        from pg_index i
        join pg_class x on x.oid = i.indexrelid
        where i.indrelid = t.oid and i.indisunique and i.indisvalid and i.indimmediate
          and i.indpred is null and i.indexprs is null
          and not exists (
              select from unnest(i.indkey) with ordinality as k (attnum, place)
              join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
              where k.place <= i.indnkeyatts and not a.attnotnull
          )
        order by i.indisprimary desc, i.indnkeyatts, x.relname collate "C"
        limit 1
    ) as unique_index,
    -- This function considers owners, superusers and BYPASSRLS, but not the setting row_security.
    row_security_active(t.oid) as rows_hidden,
    g.names as trigger_names, g.always as triggers_always
from in_scope t
join pg_class c on c.oid = t.oid
left join lateral (
    select h.inhparent from pg_inherits h where h.inhrelid = t.oid order by h.inhseqno limit 1
) h on true
left join pg_class p on p.oid = h.inhparent
left join pg_namespace pn on pn.oid = p.relnamespace
cross join lateral (
    select coalesce(array_agg(f.tgname::text order by f.tgname), '{}') as names,
        coalesce(array_agg(f.tgenabled = 'A' order by f.tgname), '{}') as always
    from pg_trigger f
    where f.tgrelid = t.oid and not f.tgisinternal and f.tgenabled in ('A', 'R')
      and not exists (
          select from pg_trigger above
          where c.relispartition and above.tgrelid = h.inhparent
            and above.tgname = f.tgname and above.tgenabled = f.tgenabled
      )
) g
where t.kind in ('r', 'p')
order by t.schema collate "C", t.name collate "C"
