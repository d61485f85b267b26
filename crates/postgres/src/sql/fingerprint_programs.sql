-- Schemas in scope, and their functions and types.
, domain_constraints as (
    select k.contypid as type, string_agg(pg_get_constraintdef(k.oid), ' ' order by k.conname) as definitions,
        string_agg(quote_ident(k.conname), ', ' order by k.conname) as names
    from pg_constraint k
    where k.contypid <> 0 and k.contype <> 'n'
    group by k.contypid
), composites as (
    select a.attrelid as relation, string_agg(
            format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                || case when a.attcollation <> y.typcollation then format(' COLLATE %I.%I', n.nspname, l.collname) else '' end,
            ', ' order by a.attnum
        ) as attributes
    from scope_types t
    join pg_type c on c.oid = t.oid and c.typtype = 'c'
    join pg_attribute a on a.attrelid = c.typrelid and a.attnum > 0 and not a.attisdropped
    join pg_type y on y.oid = a.atttypid
    left join pg_collation l on l.oid = a.attcollation
    left join pg_namespace n on n.oid = l.collnamespace
    group by a.attrelid
), ranges as (
    -- A multirange (since version 14) gets the name of its range, with "range" replaced or "_multirange" added, unless
    -- it is given one.
    select r.rngtypid as type, r.rngsubtype as subtype,
        case when not c.opcdefault then format('%I.%I', cn.nspname, c.opcname) end as operator_class,
        case when r.rngcollation <> s.typcollation then format('%I.%I', ln.nspname, l.collname) end as collation,
        nullif(r.rngcanonical::oid, 0)::regproc::text as canonical,
        nullif(r.rngsubdiff::oid, 0)::regproc::text as difference,
        case when m.typname::text <> case when y.typname ~ 'range' then regexp_replace(y.typname::text, 'range', 'multirange')
            else y.typname || '_multirange' end then format('%I.%I', mn.nspname, m.typname) end as multirange
    from pg_range r
    join pg_type y on y.oid = r.rngtypid
    join pg_type s on s.oid = r.rngsubtype
    join pg_opclass c on c.oid = r.rngsubopc
    join pg_namespace cn on cn.oid = c.opcnamespace
    left join pg_collation l on l.oid = r.rngcollation
    left join pg_namespace ln on ln.oid = l.collnamespace
    left join pg_type m on m.oid = (to_jsonb(r) ->> 'rngmultitypid')::oid
    left join pg_namespace mn on mn.oid = m.typnamespace
)
select 'schema' as class, format('%I', s.schema) as name, null as belongs_to, '{}'::text[] as properties,
    null::text as types
from scope_schemas s
-- schema public exists in every new database
where s.schema <> 'public' and not s.of_extension
union all
-- A function is identified by its argument types; argument names can change.
select 'function', f.name, null,
    array[
        'kind', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function' end,
        'arguments', nullif(pg_get_function_arguments(p.oid), ''),
        'returns', pg_get_function_result(p.oid),
        'language', case when p.prokind <> 'a' then quote_ident(l.lanname) end,
        'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
        'parallel', case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end,
        'strict', case when p.proisstrict then '' end,
        'leakproof', case when p.proleakproof then '' end,
        'security definer', case when p.prosecdef then '' end,
        'cost', p.procost::text,
        'rows', case when p.proretset then p.prorows::text end,
        'support', nullif(p.prosupport::oid, 0)::regproc::text,
        'transform for', (
            select string_agg(format_type(t, null), ', ' order by format_type(t, null) collate "C") from unnest(p.protrftypes) as t
        ),
        'library', p.probin::text,
        'hypothetical', case when g.aggkind = 'h' then '' end,
        'direct arguments', nullif(g.aggnumdirectargs, 0)::text,
        'transition', g.aggtransfn::regprocedure::text,
        'state type', format_type(g.aggtranstype, null),
        'state size', nullif(g.aggtransspace, 0)::text,
        'final', nullif(g.aggfinalfn::oid, 0)::regprocedure::text,
        'final takes arguments', case when g.aggfinalextra then '' end,
        'final changes', case g.aggfinalmodify when 's' then 'shareable state' when 'w' then 'state' end,
        'combine', nullif(g.aggcombinefn::oid, 0)::regprocedure::text,
        'serialize', nullif(g.aggserialfn::oid, 0)::regprocedure::text,
        'deserialize', nullif(g.aggdeserialfn::oid, 0)::regprocedure::text,
        'initial value', g.agginitval,
        'moving transition', nullif(g.aggmtransfn::oid, 0)::regprocedure::text,
        'moving inverse', nullif(g.aggminvtransfn::oid, 0)::regprocedure::text,
        'moving state type', format_type(nullif(g.aggmtranstype, 0), null),
        'moving state size', nullif(g.aggmtransspace, 0)::text,
        'moving final', nullif(g.aggmfinalfn::oid, 0)::regprocedure::text,
        'moving final takes arguments', case when g.aggmfinalextra then '' end,
        'moving final changes', case when g.aggmfinalfn <> 0 then
            case g.aggmfinalmodify when 's' then 'shareable state' when 'w' then 'state' end end,
        'moving initial value', g.aggminitval,
        'sort operator', nullif(g.aggsortop, 0)::regoperator::text,
        -- since version 14 a body can be stored as a parsed statement, whose printed form depends on the
        -- version
        case when b.parsed then 'statement' else 'body' end,
        case
            when b.parsed then substring(pg_get_functiondef(p.oid) from '\n((BEGIN ATOMIC|RETURN ).*)$')
            when p.prokind <> 'a' then p.prosrc
        end
    ] || coalesce((
        -- each SET clause is a property
        select array_agg(part.text order by split_part(setting, '=', 1) collate "C", part.place)
        from unnest(p.proconfig) as setting
        cross join lateral unnest(array['set ' || split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)])
            with ordinality as part (text, place)
    ), '{}'), (select d.types::text from array_domains d)
from scope_functions f
join pg_proc p on p.oid = f.oid
join pg_language l on l.oid = p.prolang
left join pg_aggregate g on g.aggfnoid = p.oid
cross join lateral (select coalesce(to_jsonb(p) ->> 'prosqlbody', '') <> '' as parsed) b
union all
select 'type', t.name, null,
    case y.typtype
        when 'e' then array['enum', (
            select coalesce(string_agg(quote_literal(v.enumlabel), ', ' order by v.enumsortorder), '')
            from pg_enum v where v.enumtypid = y.oid
        )]
        when 'd' then array[
            'domain', format_type(y.typbasetype, y.typtypmod),
            'collate', case when y.typcollation <> base.typcollation then format('%I.%I', n.nspname, l.collname) end,
            'not null', case when y.typnotnull then '' end,
            'default', pg_get_expr(y.typdefaultbin, 0),
            'constraint', k.definitions,
            'names of constraints', k.names
        ]
        when 'r' then array[
            'range', format_type(r.subtype, null),
            'operator class', r.operator_class,
            'collate', r.collation,
            'canonical', r.canonical,
            'subtype difference', r.difference,
            'multirange', r.multirange
        ]
        when 'c' then array['composite', coalesce(c.attributes, '')]
        when 'p' then array['shell', '']
        else array[
            'input', y.typinput::regproc::text, 'output', y.typoutput::regproc::text,
            'receive', nullif(y.typreceive::oid, 0)::regproc::text, 'send', nullif(y.typsend::oid, 0)::regproc::text,
            'modifier in', nullif(y.typmodin::oid, 0)::regproc::text, 'modifier out', nullif(y.typmodout::oid, 0)::regproc::text,
            'analyze', nullif(y.typanalyze::oid, 0)::regproc::text,
            'subscript', nullif(to_jsonb(y) ->> 'typsubscript', '-'),
            'length', y.typlen::text, 'by value', case when y.typbyval then '' end, 'alignment', y.typalign::text,
            'storage', y.typstorage::text, 'category', y.typcategory::text, 'preferred', case when y.typispreferred then '' end,
            'delimiter', y.typdelim::text, 'element', format_type(nullif(y.typelem, 0), null),
            'collatable', case when y.typcollation <> 0 then '' end, 'default value', y.typdefault
        ]
    end, case when b.type is not null
        then ((select d.types from array_domains d) || jsonb_build_object('value', format_type(b.base, null)))::text end
from scope_types t
join pg_type y on y.oid = t.oid
left join base_types b on b.type = y.oid
left join pg_type base on base.oid = y.typbasetype
left join pg_collation l on l.oid = y.typcollation
left join pg_namespace n on n.oid = l.collnamespace
left join domain_constraints k on k.type = y.oid
left join ranges r on r.type = y.oid
left join composites c on c.relation = y.typrelid and y.typtype = 'c'
-- $2 and $3 belong to the scope; the casts here define their types
where cardinality($2::text[]) >= 0 and cardinality($3::text[]) >= 0
