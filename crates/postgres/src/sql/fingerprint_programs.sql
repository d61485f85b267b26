-- Schemas in scope, and their functions, types and collations, except those of extensions.
select 'schema' as class, s.schema as name, null as belongs_to, '{}'::text[] as properties,
    null::text as types
from scope_schemas s
-- schema public exists in every new database
where s.schema <> 'public'
union all
-- A function is identified by its argument types; argument names can change. Without the function that DMS
-- creates in a source.
select 'function', format('%s.%s(%s)', s.schema, p.proname, oidvectortypes(p.proargtypes)), null,
    array[
        'kind', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function' end,
        'arguments', nullif(pg_get_function_arguments(p.oid), ''),
        'returns', pg_get_function_result(p.oid),
        'language', case when p.prokind <> 'a' then l.lanname::text end,
        'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
        'parallel', case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end,
        'strict', case when p.proisstrict then '' end,
        'leakproof', case when p.proleakproof then '' end,
        'security definer', case when p.prosecdef then '' end,
        'cost', p.procost::text,
        'rows', case when p.proretset then p.prorows::text end,
        'support', nullif(p.prosupport::oid, 0)::regproc::text,
        'set', array_to_string(p.proconfig, ', '),
        'library', p.probin::text,
        'transition', g.aggtransfn::regprocedure::text,
        'state type', format_type(g.aggtranstype, null),
        'final', nullif(g.aggfinalfn::oid, 0)::regprocedure::text,
        'combine', nullif(g.aggcombinefn::oid, 0)::regprocedure::text,
        'initial value', g.agginitval,
        -- since version 14 a body can be stored as a parsed statement, whose printed form depends on the
        -- version
        case when b.parsed then 'statement' else 'body' end,
        case
            when b.parsed then substring(pg_get_functiondef(p.oid) from '\n((BEGIN ATOMIC|RETURN ).*)$')
            when p.prokind <> 'a' then p.prosrc
        end
    ], (select d.types::text from array_domains d)
from scope_schemas s
join pg_proc p on p.pronamespace = s.oid
join pg_language l on l.oid = p.prolang
left join pg_aggregate g on g.aggfnoid = p.oid
cross join lateral (select coalesce(to_jsonb(p) ->> 'prosqlbody', '') <> '' as parsed) b
where p.proname !~ '^awsdms_'
  and not exists (
      select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype in ('e', 'i')
  )
union all
select 'type', format('%s.%s', s.schema, y.typname), null,
    case y.typtype
        when 'e' then array['enum', (
            select coalesce(string_agg(quote_literal(v.enumlabel), ', ' order by v.enumsortorder), '')
            from pg_enum v where v.enumtypid = y.oid
        )]
        when 'd' then array[
            'domain', format_type(y.typbasetype, y.typtypmod),
            'collate', case when y.typcollation <> base.typcollation then format('%s.%s', n.nspname, l.collname) end,
            'not null', case when y.typnotnull then '' end,
            'default', pg_get_expr(y.typdefaultbin, 0),
            'constraint', (
                select string_agg(pg_get_constraintdef(k.oid), ' ' order by k.conname)
                from pg_constraint k where k.contypid = y.oid and k.contype <> 'n'
            )
        ]
        when 'r' then array['range', (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = y.oid)]
        else array['composite', (
            select coalesce(string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum), '')
            from pg_attribute a where a.attrelid = y.typrelid and a.attnum > 0 and not a.attisdropped
        )]
    end, case when b.type is not null
        then ((select d.types from array_domains d) || jsonb_build_object('value', format_type(b.base, null)))::text end
from scope_schemas s
join pg_type y on y.typnamespace = s.oid
left join pg_class c on c.oid = y.typrelid
left join base_types b on b.type = y.oid
left join pg_type base on base.oid = y.typbasetype
left join pg_collation l on l.oid = y.typcollation
left join pg_namespace n on n.oid = l.collnamespace
where (y.typtype in ('e', 'd', 'r') or y.typtype = 'c' and c.relkind = 'c')
  and not exists (
      select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = y.oid and e.deptype = 'e'
  )
union all
-- The locale of an ICU collation has a separate column since version 15, renamed in version 17.
select 'collation', format('%s.%s', s.schema, l.collname), null,
    array[
        'provider', case l.collprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' else 'default' end,
        'locale', case when l.collprovider in ('i', 'b')
            then coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale', l.collcollate::text) end,
        'collate', case when l.collprovider = 'c' then regexp_replace(l.collcollate::text, '\.utf-?8$', '.UTF-8', 'i') end,
        'ctype', case when l.collprovider = 'c' then regexp_replace(l.collctype::text, '\.utf-?8$', '.UTF-8', 'i') end,
        'rules', to_jsonb(l) ->> 'collicurules',
        'not deterministic', case when not l.collisdeterministic then '' end
    ], null
from scope_schemas s
join pg_collation l on l.collnamespace = s.oid
where not exists (
    select from pg_depend e where e.classid = 'pg_collation'::regclass and e.objid = l.oid and e.deptype = 'e'
)
-- $2 and $3 belong to the scope; the casts here define their types
  and cardinality($2::text[]) >= 0 and cardinality($3::text[]) >= 0
