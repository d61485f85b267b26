-- Functions and types in scope, with the names that they have in reports. Without the function that DMS creates in
-- a source, and the functions of multiranges.
, scope_functions as (
    select p.oid, format('%I.%I(%s)', s.schema, p.proname, oidvectortypes(p.proargtypes)) as name, p.proowner as owner,
        p.proacl as acl
    from scope_schemas s
    join pg_proc p on p.pronamespace = s.oid
    where p.proname !~ '^awsdms_'
      and not exists (
          select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype in ('e', 'i')
      )
), scope_types as (
    -- A type without a definition is a shell. The types of arrays, tables and multiranges come with another type.
    select y.oid, format('%I.%I', s.schema, y.typname) as name, y.typowner as owner, y.typacl as acl
    from scope_schemas s
    join pg_type y on y.typnamespace = s.oid
    left join pg_class c on c.oid = y.typrelid
    left join pg_type element on element.typarray = y.oid
    where (y.typtype in ('e', 'd', 'r') or y.typtype = 'c' and c.relkind = 'c' or y.typtype = 'b' and element.oid is null
            or y.typtype = 'p' and not y.typisdefined)
      and not exists (
          select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = y.oid and e.deptype = 'e'
      )
)
