-- Rights of roles, by schema, relation and column. $4 are the spared roles. An owner's own rights are not grants.
, held as (
    select 'schema ' || s.schema as object, n.nspowner as owner, n.nspacl as acl
    from scope_schemas s
    join pg_namespace n on n.oid = s.oid
    union all
    select case t.kind when 'S' then 'sequence ' else 'relation ' end || format('%s.%s', t.schema, t.name), t.owner, t.acl
    from in_scope t
    union all
    select format('column %s.%s.%s', t.schema, t.name, a.attname), t.owner, a.attacl
    from in_scope t
    join pg_attribute a on a.attrelid = t.oid and a.attacl is not null and not a.attisdropped
)
select format('grants on %s to %s', h.object, coalesce(r.rolname::text, 'PUBLIC')) as object,
    string_agg(lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, ', '
        order by a.privilege_type collate "C") as definition
from held h
cross join lateral aclexplode(h.acl) a
left join pg_roles r on r.oid = a.grantee
where a.grantee <> h.owner
  and (a.grantee = 0 or r.rolname is not null)
  and not coalesce(r.rolsuper or r.rolname = session_user or r.rolname::text = any ($4::text[]) or r.rolname ~ '^pg_', false)
  -- what everybody may do in schema public by default changed with 15
  and not (a.grantee = 0 and h.object = 'schema public')
  -- 17 knows MAINTAIN; a version that does not cannot be given it
  and a.privilege_type <> 'MAINTAIN'
group by h.object, r.rolname
