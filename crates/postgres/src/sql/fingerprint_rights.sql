-- Owners, rights of roles, rights that were taken from owners, and the rights of objects to come. $4 are the exempt
-- roles. An owner's rights are not listed as grants.
, owned as (
    select t.oid, t.kind, t.owner, t.acl, format('%I.%I', t.schema, t.name) as name,
        case t.kind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' when 'f' then 'foreign table '
            else 'table ' end || format('%I.%I', t.schema, t.name) as whole
    from in_scope t
), columns_with_rights as (
    select format('column %s.%I', t.name, a.attname) as name, t.owner, a.attacl as acl
    from owned t
    join pg_attribute a on a.attrelid = t.oid and a.attacl is not null and not a.attisdropped
), named as (
    select o.class || ' ' || o.name as whole, o.owner, o.acl, o.kind from others o
    union all
    select 'function ' || f.name, f.owner, f.acl, 'f' from scope_functions f
    union all
    select 'type ' || t.name, t.owner, t.acl, 'T' from scope_types t
    union all
    select 'database', d.datdba, d.datacl, 'd' from pg_database d where d.datname = current_database()
    union all
    select format('schema %I', s.schema), n.nspowner, n.nspacl, 'n'
    from scope_schemas s
    join pg_namespace n on n.oid = s.oid
    where not s.of_extension
    union all
    select format('statistics %I.%I', n.nspname, s.stxname), s.stxowner, null, null
    from owned t
    join pg_statistic_ext s on s.stxrelid = t.oid
    join pg_namespace n on n.oid = s.stxnamespace
), held as (
    select n.whole as object, n.whole, n.owner, n.kind, n.acl
    from named n
    where n.kind is not null
    union all
    select case t.kind when 'S' then 'sequence ' else 'relation ' end || t.name, t.whole, t.owner,
        (case t.kind when 'S' then 's' else 'r' end)::"char", t.acl
    from owned t
    union all
    select c.name, c.name, c.owner, null, c.acl
    from columns_with_rights c
), listed as (
    select h.object, h.whole, h.kind, a.grantee, coalesce(quote_ident(r.rolname), 'PUBLIC') as role, a.privilege_type as privilege,
        bool_or(a.is_grantable) as grantable
    from held h
    -- PUBLIC has rights on functions, types, languages and the database until they are revoked
    cross join lateral aclexplode(coalesce(h.acl, case when h.kind is not null then acldefault(h.kind, h.owner) end)) a
    left join pg_roles r on r.oid = a.grantee
    where a.grantee <> h.owner
      and (a.grantee = 0 or r.rolname is not null)
      and not coalesce(r.rolsuper or r.rolname = session_user or r.rolname::text = any ($4::text[]), false)
      -- the cutover changes this right itself
      and not (h.kind = 'd' and a.privilege_type = 'CONNECT')
    group by h.object, h.whole, h.kind, a.grantee, r.rolname, a.privilege_type
), granted as (
    select l.object, l.whole, l.role, 
        case when l.kind = 'd' and l.privilege = 'CREATE' then 'create schemas'
            -- version 15 took this right from PUBLIC; a newer pg_dump gives it back
            when l.object = 'schema public' and l.grantee = 0 and l.privilege = 'CREATE' then 'create in public'
            else lower(l.privilege) end as privilege,
        l.grantable
    from listed l
    union all
    -- MAINTAIN exists since version 17. A dump gives all rights to those who have all.
    select l.object, l.whole, l.role, 'maintain', bool_and(l.grantable)
    from listed l
    where l.kind = 'r' and current_setting('server_version_num')::integer < 170000
    group by l.object, l.whole, l.role
    having count(*) = 7
), taken as (
    -- MAINTAIN is left out: a restored dump of an older version takes it together with any other right
    select h.object, h.whole, a.privilege_type as privilege
    from held h
    cross join lateral aclexplode(acldefault(h.kind, h.owner)) a
    where h.acl is not null and h.kind is not null and a.grantee = h.owner and a.privilege_type <> 'MAINTAIN'
      and not (h.kind = 'd' and a.privilege_type = 'CONNECT')
      and not exists (
          select from aclexplode(h.acl) left_over where left_over.grantee = h.owner and left_over.privilege_type = a.privilege_type
      )
), creators as (
    select d.defaclrole as owner, d.defaclacl as acl, format('of %I on %s%s', r.rolname,
        case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
            when 'n' then 'schemas' when 'L' then 'large objects' else d.defaclobjtype::text end,
        coalesce(' in schema ' || quote_ident(s.schema), '')) as name
    from pg_default_acl d
    join pg_roles r on r.oid = d.defaclrole
    left join scope_schemas s on s.oid = d.defaclnamespace
    where d.defaclnamespace = 0 or s.oid is not null
), created as (
    select c.name, coalesce(quote_ident(r.rolname), 'PUBLIC') as role,
        string_agg(lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, ', '
            order by a.privilege_type) as rights
    from creators c
    cross join lateral aclexplode(c.acl) a
    left join pg_roles r on r.oid = a.grantee
    where a.grantee <> c.owner and (a.grantee = 0 or r.rolname is not null) and a.privilege_type <> 'MAINTAIN'
      and not coalesce(r.rolsuper or r.rolname = session_user or r.rolname::text = any ($4::text[]), false)
    group by c.name, r.rolname
)
select 'grants' as class, format('on %s to %s', g.object, g.role) as name, g.whole as belongs_to,
    array_agg(p.text order by g.privilege collate "C", p.place) as properties, null::text as types
from granted g
cross join lateral unnest(
    case when g.grantable then array[g.privilege, '', 'grant option for ' || g.privilege, ''] else array[g.privilege, ''] end
) with ordinality as p (text, place)
group by g.object, g.whole, g.role
union all
select 'revoked', format('on %s from its owner', t.object), t.whole,
    array_agg(p.text order by t.privilege collate "C", p.place), null
from taken t
cross join lateral unnest(array[lower(t.privilege), '']) with ordinality as p (text, place)
group by t.object, t.whole
union all
-- for a role without rights too: the rights of PUBLIC can be taken
select 'default privileges', c.name, null,
    coalesce(array_agg(p.text order by d.role collate "C", p.place) filter (where p.text is not null), '{}'), null
from creators c
left join created d on d.name = c.name
left join lateral unnest(array['to ' || d.role, d.rights]) with ordinality as p (text, place) on true
group by c.name
union all
select 'owner', 'of ' || o.whole, o.whole, array['role', quote_ident(pg_get_userbyid(o.owner))], null
from (
    select t.whole, t.owner from owned t
    where t.kind <> 'S' or not exists (
        -- a sequence that a table owns has the table's owner
        select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    )
    union all
    -- Crossover's role may own a schema or the database. Since version 15 schema public has an owner of its own.
    select n.whole, n.owner from named n
    where n.owner is not null and n.whole <> 'schema public'
      and not (n.kind in ('n', 'd') and pg_get_userbyid(n.owner) = session_user)
) o
