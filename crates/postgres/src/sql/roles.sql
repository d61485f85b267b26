-- Roles that may write a table in scope, and members of roles that no lock stops. Parameters after those of the scope:
-- $4 exempt roles, $5 roles to list in any case.
, granted as (
    select t.owner as role, 1 as rank, format('owner of %I.%I', t.schema, t.name) as because
    from in_scope t
    where t.kind in ('r', 'p')
    union all
    -- a view is written with its owner's rights, so a grant on it is a grant on the table behind it
    select a.grantee, 2, format('may %s %I.%I', lower(a.privilege_type), t.schema, t.name)
    from in_scope t
    cross join lateral aclexplode(t.acl) a
    where t.kind in ('r', 'p', 'v') and a.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
    union all
    select a.grantee, 2, format('may %s %I.%I.%I', lower(a.privilege_type), t.schema, t.name, c.attname)
    from in_scope t
    join pg_attribute c on c.attrelid = t.oid and c.attacl is not null and not c.attisdropped
    cross join lateral aclexplode(c.attacl) a
    where t.kind in ('r', 'p', 'v') and a.privilege_type in ('INSERT', 'UPDATE')
    union all
    select r.oid, 2, 'may write all data' from pg_roles r where r.rolname = 'pg_write_all_data'
), reasons as (
    select distinct on (g.role) g.role, g.because from granted g order by g.role, g.rank, g.because
), memberships as (
    -- since version 16 a membership can be for administration only: the member neither inherits rights nor
    -- may set the role
    select m.member, m.roleid
    from pg_auth_members m
    where coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
       or coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
    union
    select d.datdba, r.oid
    from pg_database d
    join pg_roles r on r.rolname = 'pg_database_owner'
    where d.datname = current_database()
), reach (role, because, depth) as (
    select r.role, r.because, 0 from reasons r where r.role <> 0
    union
    -- the lock leaves these their CONNECT, and members may inherit it
    select r.oid, null, 0
    from pg_roles r
    where r.rolsuper or r.rolname = session_user or r.rolname::text = any ($4::text[])
    union
    select m.member, format('member of %I', g.rolname), w.depth + 1
    from reach w
    join memberships m on m.roleid = w.role
    join pg_roles g on g.oid = m.roleid
), writers as (
    select distinct on (w.role) w.role, w.because from reach w order by w.role, w.depth, w.because
), everyone as (
    select 'PUBLIC ' || r.because as because from reasons r where r.role = 0
), judged as (
    select r.oid, r.rolname::text as role, r.rolcanlogin as can_login, r.rolsuper as superuser, r.rolreplication,
        coalesce(
            case when r.rolsuper then 'superuser' end,
            w.because,
            case when r.rolcanlogin then (select e.because from everyone e) end
        ) as because
    from pg_roles r
    left join writers w on w.role = r.oid
    where r.rolname !~ '^pg_'
)
select j.role, j.can_login, j.superuser, j.because is not null as writes,
    coalesce(j.because, 'may not write a table in scope') as because,
    (
        select count(*) from pg_stat_activity a
        where a.usesysid = j.oid and a.datname = current_database() and a.pid <> pg_backend_pid()
          and coalesce(a.backend_type, 'client backend') = 'client backend'
    ) as sessions,
    (
        me.rolsuper
        or me.rolcreaterole and (
            -- before version 16 only a superuser alters a role with REPLICATION
            current_setting('server_version_num')::integer < 160000 and not j.rolreplication
            or current_setting('server_version_num')::integer >= 160000 and pg_has_role(me.oid, j.oid, 'MEMBER WITH ADMIN OPTION')
        )
    ) as alterable
from judged j
join pg_roles me on me.rolname = session_user
where j.role = any ($5::text[])
   or (j.because is not null
       and j.oid <> me.oid
       and not j.role = any ($4::text[])
       and (j.can_login or not j.superuser))
order by j.role collate "C"
