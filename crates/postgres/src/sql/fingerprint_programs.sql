-- Functions and types of the schemas in scope that belong to no extension.
select format('function %s.%s(%s)', s.schema, p.proname, pg_get_function_identity_arguments(p.oid)) as object,
    case when p.prokind = 'a'
        then concat_ws(' ', 'aggregate', g.aggtransfn::regprocedure::text, g.aggfinalfn::regprocedure::text, g.agginitval)
        else md5(pg_get_functiondef(p.oid))
    end as definition
from scope_schemas s
join pg_proc p on p.pronamespace = s.oid
left join pg_aggregate g on g.aggfnoid = p.oid
where not exists (
    select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype in ('e', 'i')
)
union all
select format('type %s.%s', s.schema, y.typname),
    case y.typtype
        when 'e' then 'enum ' || coalesce(
            (select string_agg(quote_literal(v.enumlabel), ', ' order by v.enumsortorder) from pg_enum v where v.enumtypid = y.oid), '')
        when 'd' then concat_ws(' ', 'domain', format_type(y.typbasetype, y.typtypmod),
            case when y.typnotnull then 'not null' end, 'default ' || y.typdefault,
            (select string_agg(pg_get_constraintdef(k.oid), ' ' order by k.conname)
             from pg_constraint k where k.contypid = y.oid and k.contype <> 'n'))
        when 'r' then 'range ' || (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = y.oid)
        else 'composite ' || coalesce((
            select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
            from pg_attribute a where a.attrelid = y.typrelid and a.attnum > 0 and not a.attisdropped), '')
    end
from scope_schemas s
join pg_type y on y.typnamespace = s.oid
left join pg_class c on c.oid = y.typrelid
where (y.typtype in ('e', 'd', 'r') or y.typtype = 'c' and c.relkind = 'c')
  and not exists (
      select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = y.oid and e.deptype = 'e'
  )
-- $2 and $3 belong to the scope; naming them here settles their types
  and cardinality($2::text[]) >= 0 and cardinality($3::text[]) >= 0
