-- The planner's statistics of the tables in scope. The figures of a partitioned table are the sums over its
-- partitions. `reltuples` of a table that was never analysed is -1 since version 14, and 0 before.
select t.schema, t.name,
    coalesce(leaves.live, s.n_live_tup, 0)::bigint as live_rows,
    case when t.kind = 'p' then leaves.planned when c.reltuples >= 0 then c.reltuples::bigint end as planned_rows,
    (extract(epoch from clock_timestamp() - greatest(s.last_analyze, s.last_autoanalyze)) * 1000)::bigint as analysed_ago_ms,
    exists (select from pg_stats p where p.schemaname = t.schema::name and p.tablename = t.name::name) as has_column_statistics,
    case when t.kind = 'p' then 0 else coalesce(s.n_mod_since_analyze, 0) end::bigint as changed_since
from in_scope t
join pg_class c on c.oid = t.oid
left join pg_stat_all_tables s on s.relid = t.oid
left join lateral (
    select sum(l.n_live_tup) as live, sum(greatest(r.reltuples, 0))::bigint as planned
    from pg_partition_tree(t.oid) p
    join pg_class r on r.oid = p.relid
    left join pg_stat_all_tables l on l.relid = p.relid
    where p.isleaf
) leaves on t.kind = 'p'
where t.kind in ('r', 'p', 'm')
order by t.schema collate "C", t.name collate "C"
