-- Relations in scope. Parameters: $1 schemas (empty: every user schema), $2 and $3 schemas and names that are
-- excluded. Objects of extensions are left out, but not what a user has created in the schema of an extension; a
-- sequence is in scope with the table that owns it.
with recursive scope_schemas as (
    select n.oid, n.nspname::text as schema,
        exists (
            select from pg_depend e
            where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e'
        ) as of_extension
    from pg_namespace n
    where n.nspname !~ '^pg_'
      and n.nspname not in ('information_schema', 'crossover')
      and (cardinality($1::text[]) = 0 or n.nspname::text = any ($1))
), in_scope as (
    select c.oid, s.schema, c.relname::text as name, c.relkind::text as kind, c.relowner as owner, c.relacl as acl
    from pg_class c
    join scope_schemas s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
      and c.relpersistence <> 't'
      and not exists (
          select from unnest($2::text[], $3::text[]) as left_out (schema, name)
          where left_out.schema = s.schema and left_out.name = c.relname::text
      )
      and not exists (
          select from pg_depend e
          where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e'
      )
      and not exists (
          select from pg_depend o
          join pg_class t on t.oid = o.refobjid
          join pg_namespace tn on tn.oid = t.relnamespace
          join unnest($2::text[], $3::text[]) as left_out (schema, name)
            on left_out.schema = tn.nspname::text and left_out.name = t.relname::text
          where c.relkind = 'S'
            and o.classid = 'pg_class'::regclass and o.objid = c.oid
            and o.refclassid = 'pg_class'::regclass and o.deptype in ('a', 'i')
      )
)
