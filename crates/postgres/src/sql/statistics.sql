-- The planner's statistics of the tables in scope. The figures of a partitioned table are the sums over its
-- partitions. `reltuples` of a table that was never analysed is -1 since version 14, and 0 before.
, counters as (
    select s.relid, s.n_live_tup, s.n_mod_since_analyze, greatest(s.last_analyze, s.last_autoanalyze) as analysed
    from pg_stat_all_tables s
), leaves as (
    select t.oid as relation, sum(l.n_live_tup) as live, sum(greatest(r.reltuples, 0))::bigint as planned
    from in_scope t
    cross join lateral pg_partition_tree(t.oid) p
    join pg_class r on r.oid = p.relid
    left join counters l on l.relid = p.relid
    where t.kind = 'p' and p.isleaf
    group by t.oid
), with_statistics as (
    select distinct p.schemaname::text as schema, p.tablename::text as name from pg_stats p
)
select t.schema, t.name,
    coalesce(l.live, s.n_live_tup, 0)::bigint as live_rows,
    case when t.kind = 'p' then l.planned when c.reltuples >= 0 then c.reltuples::bigint end as planned_rows,
    (extract(epoch from clock_timestamp() - s.analysed) * 1000)::bigint as analysed_ago_ms,
    w.name is not null as has_column_statistics,
    case when t.kind = 'p' then 0 else coalesce(s.n_mod_since_analyze, 0) end::bigint as changed_since
from in_scope t
join pg_class c on c.oid = t.oid
left join counters s on s.relid = t.oid
left join leaves l on l.relation = t.oid
left join with_statistics w on w.schema = t.schema and w.name = t.name
where t.kind in ('r', 'p', 'm')
order by t.schema collate "C", t.name collate "C"
