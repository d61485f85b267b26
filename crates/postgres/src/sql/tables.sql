-- Facts of the tables in scope. Indexes and triggers are gathered for all tables at once.
, index_columns as (
    select i.indrelid as relation, i.indexrelid as index, array_agg(a.attname::text order by k.place) as names,
        bool_and(a.attnotnull) as not_null
    from pg_index i
    cross join lateral unnest(i.indkey) with ordinality as k (attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where k.place <= i.indnkeyatts and i.indisunique
    group by i.indrelid, i.indexrelid
), keys as (
    select i.indrelid as relation, c.names as columns, i.indisvalid as valid, i.indimmediate as immediate
    from pg_index i
    join index_columns c on c.index = i.indexrelid
    where i.indisprimary
), identity_indexes as (
    select i.indrelid as relation from pg_index i where i.indisreplident and i.indisvalid
), unique_indexes as (
    select distinct on (i.indrelid) i.indrelid as relation, x.relname::text as name
    from pg_index i
    join pg_class x on x.oid = i.indexrelid
    join index_columns c on c.index = i.indexrelid
    where i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null and c.not_null
    order by i.indrelid, i.indisprimary desc, i.indnkeyatts, x.relname collate "C"
), first_parents as (
    select distinct on (h.inhrelid) h.inhrelid as relation, h.inhparent as parent
    from pg_inherits h
    order by h.inhrelid, h.inhseqno
), firing as (
    select f.tgrelid as relation, array_agg(f.tgname::text order by f.tgname) as names,
        array_agg(f.tgenabled = 'A' order by f.tgname) as always
    from pg_trigger f
    join pg_class c on c.oid = f.tgrelid
    left join first_parents h on h.relation = f.tgrelid and c.relispartition
    left join pg_trigger above on above.tgrelid = h.parent and above.tgname = f.tgname and above.tgenabled = f.tgenabled
    where not f.tgisinternal and f.tgenabled in ('A', 'R') and above.oid is null
    group by f.tgrelid
)
select t.schema, t.name, t.kind = 'p' as partitioned,
    pn.nspname::text as parent_schema, p.relname::text as parent_name, c.relispartition as is_partition,
    c.relpersistence = 'u' as unlogged,
    coalesce(k.columns, '{}') as primary_key,
    case c.relreplident
        when 'f' then 'full row'
        when 'n' then 'nothing'
        when 'i' then case when i.relation is not null then 'key' else 'index is gone' end
        else case when k.valid then case when k.immediate then 'key' else 'deferrable' end else 'no key' end
    end as identity,
    u.name as unique_index,
    -- This function considers owners, superusers and BYPASSRLS, but not the setting row_security.
    row_security_active(t.oid) as rows_hidden,
    coalesce(g.names, '{}') as trigger_names, coalesce(g.always, '{}') as triggers_always
from in_scope t
join pg_class c on c.oid = t.oid
left join first_parents h on h.relation = t.oid
left join pg_class p on p.oid = h.parent
left join pg_namespace pn on pn.oid = p.relnamespace
left join keys k on k.relation = t.oid
left join identity_indexes i on i.relation = t.oid
left join unique_indexes u on u.relation = t.oid
left join firing g on g.relation = t.oid
where t.kind in ('r', 'p')
order by t.schema collate "C", t.name collate "C"
