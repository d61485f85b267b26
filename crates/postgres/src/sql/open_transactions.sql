-- Without transactions of vacuum and replication, for which a cutover does not wait.
select a.pid, coalesce(a.usename::text, '') as role, a.backend_type is null as hidden,
    coalesce(greatest(0, extract(epoch from clock_timestamp() - a.xact_start) * 1000)::bigint, 0) as age_ms
from pg_stat_activity a
where a.datname = current_database()
  and a.pid <> pg_backend_pid()
  and coalesce(a.backend_type, '')
      not in ('autovacuum worker', 'walsender', 'parallel worker')
  and coalesce(a.backend_type, '') not like 'logical replication%'
  and (a.backend_type is null
       or clock_timestamp() - a.xact_start >= make_interval(secs => $1::bigint / 1000.0))
order by a.xact_start, a.pid
