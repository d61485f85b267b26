-- The items of the database's access list in their order. The grantee of PUBLIC is NULL.
select d.datname::text as database, d.datacl::text as acl,
    pg_get_userbyid(d.datdba)::text as owner, pg_get_userbyid(a.grantor)::text as grantor,
    case when a.grantee <> 0 then pg_get_userbyid(a.grantee)::text end as grantee,
    lower(a.privilege_type) as privilege, a.is_grantable as grantable
from pg_database d
left join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba)))
    with ordinality as a (grantor, grantee, privilege_type, is_grantable, place) on true
where d.datname = current_database()
order by a.place
