-- Facts needed to write to the tables in scope, except partitions.
select t.schema, t.name,
    has_table_privilege(t.oid, 'SELECT') and has_table_privilege(t.oid, 'INSERT')
        and has_table_privilege(t.oid, 'UPDATE') and has_table_privilege(t.oid, 'DELETE') as granted,
    array(
        select a.attname::text from pg_attribute a
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> ''
        order by 1
    ) as generated,
    array(
        select a.attname::text from pg_attribute a
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = 'a'
        order by 1
    ) as always_identity,
    array(
        select a.attname::text from pg_attribute a
        join pg_type y on y.oid = a.atttypid
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
          and y.typtype = 'b' and y.typcategory <> 'A' and y.typnamespace <> 'pg_catalog'::regnamespace
        order by 1
    ) as compared_by_text,
    r.schemas as refers_to_schemas, r.names as refers_to_names
from in_scope t
join pg_class c on c.oid = t.oid
cross join lateral (
    select coalesce(array_agg(f.schema order by f.schema, f.name), '{}') as schemas,
        coalesce(array_agg(f.name order by f.schema, f.name), '{}') as names
    from (
        select distinct n.nspname::text collate "C" as schema, p.relname::text collate "C" as name
        from pg_constraint k
        join pg_class p on p.oid = coalesce(pg_partition_root(k.confrelid), k.confrelid)
        join pg_namespace n on n.oid = p.relnamespace
        where k.contype = 'f' and coalesce(pg_partition_root(k.conrelid), k.conrelid) = t.oid
    ) f
) r
where t.kind in ('r', 'p') and not c.relispartition
order by t.schema collate "C", t.name collate "C"
