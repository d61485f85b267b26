-- Owners, and rights of roles by schema, relation, column, function and type. $4 are the exempt roles. An
-- owner's rights are not listed as grants. PUBLIC has rights on functions and types until they are revoked.
, owned as (
    select t.oid, t.kind, t.owner, t.acl, format('%s.%s', t.schema, t.name) as name,
        case t.kind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end
            || format('%s.%s', t.schema, t.name) as whole
    from in_scope t
), programs as (
    select 'function ' || format('%s.%s(%s)', s.schema, p.proname, oidvectortypes(p.proargtypes)) as whole, p.proowner as owner,
        coalesce(p.proacl, acldefault('f', p.proowner)) as acl
    from scope_schemas s
    join pg_proc p on p.pronamespace = s.oid
    where p.proname !~ '^awsdms_'
      and not exists (
          select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype in ('e', 'i')
      )
    union all
    select 'type ' || format('%s.%s', s.schema, y.typname), y.typowner, coalesce(y.typacl, acldefault('T', y.typowner))
    from scope_schemas s
    join pg_type y on y.typnamespace = s.oid
    left join pg_class c on c.oid = y.typrelid
    where (y.typtype in ('e', 'd', 'r') or y.typtype = 'c' and c.relkind = 'c')
      and not exists (
          select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = y.oid and e.deptype = 'e'
      )
), held as (
    select 'schema ' || s.schema as object, 'schema ' || s.schema as whole, n.nspowner as owner, n.nspacl as acl
    from scope_schemas s
    join pg_namespace n on n.oid = s.oid
    union all
    select case t.kind when 'S' then 'sequence ' else 'relation ' end || t.name, t.whole, t.owner, t.acl
    from owned t
    union all
    select format('column %s.%s', t.name, a.attname), format('column %s.%s', t.name, a.attname), t.owner, a.attacl
    from owned t
    join pg_attribute a on a.attrelid = t.oid and a.attacl is not null and not a.attisdropped
    union all
    select p.whole, p.whole, p.owner, p.acl
    from programs p
), granted as (
    select h.object, h.whole, coalesce(r.rolname::text, 'PUBLIC') as role, a.privilege_type as privilege,
        bool_or(a.is_grantable) as grantable
    from held h
    cross join lateral aclexplode(h.acl) a
    left join pg_roles r on r.oid = a.grantee
    where a.grantee <> h.owner
      and (a.grantee = 0 or r.rolname is not null)
      and not coalesce(
          r.rolsuper or r.rolname = session_user or r.rolname::text = any ($4::text[]) or r.rolname ~ '^pg_', false)
      -- version 15 changed the default rights of PUBLIC in schema public
      and not (a.grantee = 0 and h.object = 'schema public')
      -- MAINTAIN exists since version 17 and cannot be granted before
      and a.privilege_type <> 'MAINTAIN'
    group by h.object, h.whole, r.rolname, a.privilege_type
)
select 'grants' as class, format('on %s to %s', g.object, g.role) as name, g.whole as belongs_to,
    array_agg(p.text order by g.privilege collate "C", p.place) as properties, null::text as types
from granted g
cross join lateral unnest(
    case when g.grantable then array[lower(g.privilege), '', 'grant option for ' || lower(g.privilege), '']
        else array[lower(g.privilege), ''] end
) with ordinality as p (text, place)
group by g.object, g.whole, g.role
union all
select 'owner', 'of ' || o.whole, o.whole, array['role', pg_get_userbyid(o.owner)::text], null
from (
    select t.whole, t.owner from owned t
    where t.kind <> 'S' or not exists (
        -- a sequence that a table owns has the table's owner
        select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    )
    union all
    select p.whole, p.owner from programs p
) o
