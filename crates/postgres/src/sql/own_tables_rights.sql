-- Who may use the marker table: Crossover's role, which is logged in, and the exempt roles ($1). In a database without the
-- table no right is missing.
with marker as (
    select n.oid as schema, c.oid as relation
    from pg_namespace n
    join pg_class c on c.relnamespace = n.oid and c.relname = 'catch_up_marker'
    where n.nspname = 'crossover'
)
select r.rolname::text as role, r.rolname = session_user as own,
    (
        r.rolsuper or r.rolreplication
        -- On RDS and Aurora membership stands for the attribute.
        or exists (select from pg_roles g where g.rolname = 'rds_replication' and pg_has_role(r.oid, g.oid, 'MEMBER'))
    ) as reads_changes,
    array(
        select 'usage on the schema'
        from marker m
        where not has_schema_privilege(r.oid, m.schema, 'USAGE')
        union all
        select lower(p.name)
        from marker m
        cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as p (name)
        -- Crossover's role writes, counts and removes markers; it changes none.
        where not has_table_privilege(r.oid, m.relation, p.name) and not (p.name = 'UPDATE' and r.rolname = session_user)
    ) as lacks
from pg_roles r
where r.rolname = session_user or r.rolname::text = any ($1::text[])
order by r.rolname collate "C"
