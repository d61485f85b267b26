-- Everything that may write to this database and belongs neither to Crossover's own role nor to an exempt one ($1):
-- clients, background workers (of subscriptions, of extensions), replication connections that run SQL, connections that
-- are still being made, and subscriptions whose worker starts again in spite of the lock. The role is the one that
-- logged in; SET ROLE does not change it. A session whose state is hidden from this role has no backend_type.
select a.pid, coalesce(a.usename::text, '') as role, coalesce(host(a.client_addr), '') as address,
    coalesce(a.client_port, 0) as port, coalesce(a.application_name, '') as application,
    case
        when a.backend_type <> 'client backend'
        then a.backend_type || coalesce(' of subscription ' || quote_ident(u.subname), '')
    end as worker,
    -- a worker without a role has all rights
    coalesce(r.rolsuper, coalesce(a.backend_type, 'client backend') not in ('client backend', 'walsender')) as superuser,
    -- replication connections and background workers are always active
    case when coalesce(a.backend_type, 'client backend') = 'client backend'
        then a.xact_start is not null or a.state is distinct from 'idle'
        else a.backend_xid is not null
    end as busy,
    a.backend_xid is not null as writes,
    coalesce(a.xact_start, a.query_start)::text as began,
    coalesce(greatest(0, extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.query_start)) * 1000), 0)::int8
        as age_ms,
    a.backend_type is null as hidden,
    coalesce(a.backend_start::text, '') as started,
    false as connecting
from pg_stat_activity a
left join pg_roles r on r.oid = a.usesysid
left join pg_stat_subscription u on u.pid = a.pid
where a.datname = current_database()
  -- the first four write no rows of users; a parallel worker ends with the session that it works for
  and coalesce(a.backend_type, 'client backend') not in (
      'autovacuum worker', 'autoprewarm leader', 'autoprewarm worker', 'pg_cron launcher', 'parallel worker'
  )
  -- one that sends changes cannot run SQL meanwhile
  and (
      a.backend_type is distinct from 'walsender'
      or exists (select from pg_stat_get_wal_senders() w where w.pid = a.pid and w.state = 'startup')
  )
  and a.usename is distinct from session_user
  and not coalesce(a.usename::text = any ($1::text[]), false)
union all
-- A connection locks the database's entry before it is asked for CONNECT and until it is among the sessions above, so
-- one that was let in before the lock is here or there. Whose it is cannot be known.
select l.pid, '', '', 0, '', 'connection that is being made', false, false, false, null, 0, false, '', true
from pg_locks l
join pg_database d on d.oid = l.objid and d.datname = current_database()
where l.locktype = 'object' and l.classid = 'pg_database'::regclass and l.mode = 'RowExclusiveLock' and l.pid is not null
  and not exists (select from pg_stat_activity a where a.pid = l.pid and a.datname = current_database())
union all
-- A superuser's worker needs no CONNECT.
select 0, r.rolname::text, '', 0, '', format('enabled subscription %I', s.subname), true, false, false, null, 0, false, '', false
from pg_subscription s
join pg_database d on d.oid = s.subdbid and d.datname = current_database()
join pg_roles r on r.oid = s.subowner
where s.subenabled and r.rolsuper
  and r.rolname <> session_user
  and not r.rolname::text = any ($1::text[])
order by pid, worker
