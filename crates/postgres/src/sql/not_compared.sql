-- What the database has and no other statement reads: what it is (the reasons are in kinds.rs), how many, and the names
-- of the first few.
, relations_with as (
    select t.oid, t.kind, format('%I.%I', t.schema, t.name) as name, c.relispopulated, c.reltablespace
    from in_scope t
    join pg_class c on c.oid = t.oid
), of_extensions as (
    select e.classid, e.objid from pg_depend e where e.deptype = 'e' and e.refclassid = 'pg_extension'::regclass
), found as (
    select 'contents of materialized views' as what, t.name from relations_with t where t.kind = 'm' and t.relispopulated
    union all
    select 'rows of foreign tables', t.name from relations_with t where t.kind = 'f'
    union all
    select 'rows of configuration tables of extensions', c.oid::regclass::text
    from pg_extension e
    cross join unnest(e.extconfig) as config (relation)
    join pg_class c on c.oid = config.relation and c.relkind in ('r', 'p')
    union all
    select 'rights on objects of extensions', c.oid::regclass::text
    from of_extensions e
    join pg_class c on c.oid = e.objid and e.classid = 'pg_class'::regclass
    left join pg_init_privs i on i.objoid = c.oid and i.classoid = e.classid and i.objsubid = 0
    where c.relacl is distinct from i.initprivs
    union all
    select 'rights on objects of extensions', p.oid::regprocedure::text
    from of_extensions e
    join pg_proc p on p.oid = e.objid and e.classid = 'pg_proc'::regclass
    left join pg_init_privs i on i.objoid = p.oid and i.classoid = e.classid and i.objsubid = 0
    where p.proacl is distinct from i.initprivs
    union all
    select 'rights on objects of extensions', format('schema %I', n.nspname)
    from of_extensions e
    join pg_namespace n on n.oid = e.objid and e.classid = 'pg_namespace'::regclass
    left join pg_init_privs i on i.objoid = n.oid and i.classoid = e.classid and i.objsubid = 0
    where n.nspacl is distinct from i.initprivs
    union all
    select 'comments', null
    from pg_description d
    where d.objoid >= 16384 and d.classoid <> 'pg_extension'::regclass
      and not exists (select from of_extensions e where e.classid = d.classoid and e.objid = d.objoid)
    union all
    select 'comments', format('database %I', b.datname)
    from pg_shdescription d
    join pg_database b on b.oid = d.objoid and b.datname = current_database()
    where d.classoid = 'pg_database'::regclass
    union all
    select 'security labels', l.provider from pg_seclabel l
    union all
    select 'security labels', l.provider
    from pg_shseclabel l
    join pg_database b on b.oid = l.objoid and b.datname = current_database()
    where l.classoid = 'pg_database'::regclass
    union all
    select 'subscriptions', format('%I', s.subname)
    from pg_subscription s
    join pg_database b on b.oid = s.subdbid and b.datname = current_database()
    union all
    select 'tablespaces of tables and indexes', t.name from relations_with t where t.reltablespace <> 0
    union all
    select 'tablespaces of tables and indexes', x.indexrelid::regclass::text
    from relations_with t
    join pg_index x on x.indrelid = t.oid
    join pg_class c on c.oid = x.indexrelid and c.reltablespace <> 0
    union all
    -- Crossover's own lock takes this right
    select 'who may connect', coalesce(quote_ident(r.rolname), 'PUBLIC')
    from pg_database d
    cross join lateral aclexplode(d.datacl) a
    left join pg_roles r on r.oid = a.grantee
    where d.datname = current_database() and a.privilege_type = 'CONNECT' and a.grantee not in (0, d.datdba)
    union all
    select 'who may connect', 'not PUBLIC'
    from pg_database d
    where d.datname = current_database()
      and not exists (
          select from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where a.grantee = 0 and a.privilege_type = 'CONNECT'
      )
    union all
    select 'options of user mappings, and secrets of foreign servers', format('user mapping for %s on %I', coalesce(quote_ident(u.usename), 'PUBLIC'), u.srvname)
    from pg_user_mappings u
    union all
    -- the words of definition/options.rs
    select 'options of user mappings, and secrets of foreign servers', format('server %I', v.srvname)
    from pg_foreign_server v
    where exists (
        select from unnest(v.srvoptions) as option
        where split_part(option, '=', 1) ~* '(pass|secret|token|credential|private|access_key|auth)'
    )
)
select f.what, count(*) as count,
    coalesce((array_agg(f.name order by f.name collate "C") filter (where f.name is not null))[1:3], '{}') as named
from found f
-- $2 and $3 belong to the scope; the casts here define their types
where cardinality($2::text[]) >= 0 and cardinality($3::text[]) >= 0
group by f.what
union all
-- there may be many millions: they are counted, and only the first is named
select 'large objects', count(*), array[min(m.oid)::text] from pg_largeobject_metadata m having count(*) > 0
order by 1
