-- Facts needed to write to the tables in scope, except partitions.
, columns as (
    select a.attrelid as relation,
        array_agg(a.attname::text order by a.attname::text) filter (where a.attgenerated <> '') as generated,
        array_agg(a.attname::text order by a.attname::text) filter (where a.attidentity = 'a') as always_identity,
        array_agg(a.attname::text order by a.attname::text) filter (
            where y.typtype = 'b' and y.typcategory <> 'A' and y.typnamespace <> 'pg_catalog'::regnamespace
        ) as compared_by_text
    from in_scope t
    join pg_attribute a on a.attrelid = t.oid
    join pg_type y on y.oid = a.atttypid
    where a.attnum > 0 and not a.attisdropped
    group by a.attrelid
), referred as (
    select distinct coalesce(pg_partition_root(k.conrelid), k.conrelid)::oid as relation,
        n.nspname::text collate "C" as schema, p.relname::text collate "C" as name
    from pg_constraint k
    join pg_class p on p.oid = coalesce(pg_partition_root(k.confrelid), k.confrelid)
    join pg_namespace n on n.oid = p.relnamespace
    where k.contype = 'f'
), refers as (
    select f.relation, array_agg(f.schema order by f.schema, f.name) as schemas, array_agg(f.name order by f.schema, f.name) as names
    from referred f
    group by f.relation
)
select t.schema, t.name,
    has_table_privilege(t.oid, 'SELECT') and has_table_privilege(t.oid, 'INSERT')
        and has_table_privilege(t.oid, 'UPDATE') and has_table_privilege(t.oid, 'DELETE') as granted,
    coalesce(a.generated, '{}') as generated, coalesce(a.always_identity, '{}') as always_identity,
    coalesce(a.compared_by_text, '{}') as compared_by_text,
    coalesce(r.schemas, '{}') as refers_to_schemas, coalesce(r.names, '{}') as refers_to_names
from in_scope t
join pg_class c on c.oid = t.oid
left join columns a on a.relation = t.oid
left join refers r on r.relation = t.oid
where t.kind in ('r', 'p') and not c.relispartition
order by t.schema collate "C", t.name collate "C"
