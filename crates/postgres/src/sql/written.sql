-- Write counters of the tables in scope, except partitions. The counters of a partitioned table are the sums
-- over its partitions. Not counted are writes to foreign partitions, and writes of sessions with track_counts
-- off for their role or database.
, leaves as (
    select t.oid as relation, coalesce(bool_and(l.relkind = 'r'), true) as counted,
        coalesce(sum(pg_stat_get_tuples_inserted(l.oid)), 0)::bigint as inserts,
        coalesce(sum(pg_stat_get_tuples_updated(l.oid)), 0)::bigint as updates,
        coalesce(sum(pg_stat_get_tuples_deleted(l.oid)), 0)::bigint as deletes,
        coalesce(
            string_agg(pg_relation_filenode(l.oid)::text, ',' order by n.nspname collate "C", l.relname collate "C"),
            ''
        ) as storage
    from in_scope t
    left join lateral (
        select t.oid as relation where t.kind = 'r'
        union all
        select p.relid from pg_partition_tree(t.oid) p where t.kind = 'p' and p.isleaf and p.relid <> t.oid
    ) r on true
    left join pg_class l on l.oid = r.relation
    left join pg_namespace n on n.oid = l.relnamespace
    where t.kind in ('r', 'p')
    group by t.oid
), counting as (
    select current_setting('track_counts') = 'on' and not exists (
        select from pg_db_role_setting o
        join pg_database d on d.datname = current_database()
        cross join unnest(o.setconfig) as setting
        where o.setdatabase in (0, d.oid) and setting ilike 'track\_counts=%'
          and lower(setting) not in ('track_counts=on', 'track_counts=true', 'track_counts=yes', 'track_counts=1')
    ) as always
)
select t.schema, t.name, l.counted and (select c.always from counting c) as counted, l.inserts, l.updates, l.deletes, l.storage
from in_scope t
join pg_class c on c.oid = t.oid
join leaves l on l.relation = t.oid
where t.kind in ('r', 'p') and not c.relispartition
order by t.schema collate "C", t.name collate "C"
