-- Roles that can open a session in spite of the lock, other than superusers, Crossover's own role and exempt roles ($1):
-- roles that got their login back (of $2, which the lock took it from), and roles with CONNECT, by their own grant, by
-- membership, or as PUBLIC.
with everyone as (
    select d.oid, exists (
        select from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
        where a.grantee = 0 and a.privilege_type = 'CONNECT'
    ) as connects
    from pg_database d
    where d.datname = current_database()
)
select r.rolname::text as role
from everyone e
cross join pg_roles r
where r.rolcanlogin and not r.rolsuper and r.rolname <> session_user and not r.rolname::text = any ($1::text[])
  and (
      r.rolname::text = any ($2::text[])
      or (not e.connects and has_database_privilege(r.oid, e.oid, 'CONNECT'))
  )
union all
select 'PUBLIC' from everyone e where e.connects
order by 1
