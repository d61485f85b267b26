-- The relations that hold the rows: the table itself or its partitions. A relation that is not an ordinary
-- table (a foreign partition) has no blocks.
select t.schema, t.name, n.nspname::text as leaf_schema, l.relname::text as leaf_name,
    case when l.relkind = 'r' then (pg_relation_size(l.oid) / current_setting('block_size')::bigint) end as blocks,
    l.relkind = 'f' as on_other_server,
    coalesce(pg_table_size(l.oid), 0) as bytes,
    -- Nothing is known of a relation that was never analysed: then at most so many short rows fit. Foreign relations have
    -- no file.
    (case when l.reltuples > 0 or l.relkind <> 'r' then greatest(l.reltuples, 0)
        else pg_relation_size(l.oid) / 64 end)::bigint as estimated_rows
from in_scope t
join pg_class c on c.oid = t.oid
cross join lateral (
    select t.oid as relation where t.kind = 'r'
    union all
    select p.relid from pg_partition_tree(t.oid) p where t.kind = 'p' and p.isleaf and p.relid <> t.oid
) r
join pg_class l on l.oid = r.relation
join pg_namespace n on n.oid = l.relnamespace
where t.kind in ('r', 'p') and not c.relispartition
order by t.schema collate "C", t.name collate "C", n.nspname collate "C", l.relname collate "C"
