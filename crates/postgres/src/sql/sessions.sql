-- Sessions of the application: clients in this database whose role is neither Crossover's own nor exempt
-- ($1). The role is the one that logged in; SET ROLE does not change it. A session whose state is hidden from
-- this role has no backend_type.
select a.pid, coalesce(a.usename::text, '') as role, coalesce(host(a.client_addr), '') as address,
    coalesce(a.client_port, 0) as port, coalesce(a.application_name, '') as application,
    coalesce(r.rolsuper, false) as superuser,
    (a.xact_start is not null or a.state is distinct from 'idle') as busy,
    a.backend_xid is not null as writes,
    coalesce(a.xact_start, a.query_start)::text as began,
    coalesce(greatest(0, extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.query_start)) * 1000), 0)::int8
        as age_ms,
    a.backend_type is null as hidden,
    coalesce(a.backend_start::text, '') as started
from pg_stat_activity a
left join pg_roles r on r.oid = a.usesysid
where a.datname = current_database()
  and coalesce(a.backend_type, 'client backend') = 'client backend'
  and a.usename is distinct from session_user
  and not coalesce(a.usename::text = any ($1::text[]), false)
order by a.pid
