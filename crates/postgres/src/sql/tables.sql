select t.schema, t.name, t.kind = 'p' as partitioned,
    pn.nspname::text as parent_schema, p.relname::text as parent_name,
    c.relpersistence = 'u' as unlogged,
    coalesce((
        select array_agg(a.attname::text order by k.place)
        from pg_index i
        cross join lateral unnest(i.indkey) with ordinality as k (attnum, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indrelid = t.oid and i.indisprimary and k.place <= i.indnkeyatts
    ), '{}') as primary_key
from in_scope t
join pg_class c on c.oid = t.oid
left join pg_inherits h on h.inhrelid = t.oid and c.relispartition
left join pg_class p on p.oid = h.inhparent
left join pg_namespace pn on pn.oid = p.relnamespace
where t.kind in ('r', 'p')
order by t.schema collate "C", t.name collate "C"
