-- Tables and their dependent objects. Inherited properties of a partition are listed with its parent only.
--
-- What belongs to an object is gathered for all objects at once and joined, never looked up for one object at a
-- time: see tests/it/growth.rs.
, relations as (
    select t.oid, t.kind, n.name, r.relreplident, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relpartbound, r.relispartition,
        r.relispopulated, r.reloptions,
        case t.kind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end
            || n.name as whole
    from in_scope t
    join pg_class r on r.oid = t.oid
    cross join lateral (select format('%s.%s', t.schema, t.name) as name) n
), identity_indexes as (
    select x.indrelid as relation, i.relname
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    where x.indisreplident
), parents as (
    select h.inhrelid as relation, string_agg(format('%s.%s', n.nspname, p.relname), ', ' order by h.inhseqno) as names
    from pg_inherits h
    join pg_class p on p.oid = h.inhparent
    join pg_namespace n on n.oid = p.relnamespace
    group by h.inhrelid
), not_null_constraints as (
    -- since 18
    select k.conrelid as relation, k.conkey[1] as attnum, bool_or(not k.convalidated) as not_valid, bool_or(k.connoinherit) as no_inherit
    from pg_constraint k
    where k.contype = 'n' and k.conrelid <> 0 and (not k.convalidated or k.connoinherit)
    group by k.conrelid, k.conkey[1]
), disabled_constraints as (
    -- up to version 14 the triggers of a partitioned table's constraint belong to its partitions only
    select k.oid as constraint_oid
    from pg_trigger g
    join pg_constraint k on k.oid = g.tgconstraint
    where g.tgenabled = 'D'
    union
    select k.conparentid
    from pg_trigger g
    join pg_constraint k on k.oid = g.tgconstraint
    where g.tgenabled = 'D' and k.conparentid <> 0
), owning_columns as (
    select d.objid as relation, format('%s.%s', n.nspname, c.relname) as table_name, a.attname::text as column_name
    from relations t
    join pg_depend d on d.objid = t.oid
    join pg_class c on c.oid = d.refobjid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
    where t.kind = 'S' and d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
), rules_read as (
    select w.oid as rule, w.ev_class as relation, array_agg(d.refobjid) as relations,
        array_agg(d.refobjid) filter (where d.refobjid <> w.ev_class) as others
    from pg_rewrite w
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
    group by w.oid, w.ev_class
), policies_read as (
    select d.objid as policy, array_agg(d.refobjid) as relations
    from pg_depend d
    where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_class'::regclass
    group by d.objid
), policy_roles as (
    select p.oid as policy, string_agg(coalesce(r.rolname::text, 'public'), ', ' order by r.rolname) as names
    from pg_policy p
    cross join unnest(p.polroles) as member (oid)
    left join pg_roles r on r.oid = member.oid
    group by p.oid
)
, objects as (
    select 'table' as class, t.name, null as belongs_to,
        array[
            -- the default is left out; a partitioned table has no rows itself
            'replica identity', case when t.kind = 'r' then case t.relreplident when 'f' then 'full' when 'n' then 'nothing' when 'i' then
                coalesce('using index ' || i.relname, 'using an index that is gone') end end,
            'unlogged', case t.relpersistence when 'u' then '' end,
            'partition by', case when t.kind = 'p' then pg_get_partkeydef(t.oid) end,
            'partition', case when t.relispartition then pg_get_expr(t.relpartbound, t.oid) end,
            case when t.relispartition then 'of' else 'inherits' end, p.names,
            'row level security', case when t.relrowsecurity then '' end,
            'forced row level security', case when t.relforcerowsecurity then '' end
        ] as properties, array[t.oid] as reads
    from relations t
    left join identity_indexes i on i.relation = t.oid
    left join parents p on p.relation = t.oid
    where t.kind in ('r', 'p')
    union all
    select 'column', format('%s.%s', t.name, a.attname), t.whole,
        array[
            'type', format_type(a.atttypid, a.atttypmod),
            'collate', case when a.attcollation <> y.typcollation then format('%s.%s', n.nspname, l.collname) end,
            'not null', case when a.attnotnull then '' end,
            'not null not valid', case when k.not_valid then '' end,
            'not null no inherit', case when k.no_inherit then '' end,
            'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
            case when a.attgenerated = '' then 'default' else 'generated' end,
            case a.attgenerated when '' then '' when 's' then 'stored ' else 'virtual ' end || pg_get_expr(d.adbin, d.adrelid)
        ], array[t.oid]
    from relations t
    join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    join pg_type y on y.oid = a.atttypid
    left join pg_collation l on l.oid = a.attcollation
    left join pg_namespace n on n.oid = l.collnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join not_null_constraints k on k.relation = a.attrelid and k.attnum = a.attnum
    where t.kind in ('r', 'p', 'v', 'm')
    union all
    -- Version 18 lists NOT NULL as constraints; they are properties of the columns here. Constraint triggers
    -- are listed as triggers.
    select 'constraint', format('%s.%s', t.name, k.conname), t.whole,
        array[
            'statement', pg_get_constraintdef(k.oid),
            'triggers disabled', case when d.constraint_oid is not null then '' end
        ], array[t.oid]
    from relations t
    join pg_constraint k on k.conrelid = t.oid
    left join disabled_constraints d on d.constraint_oid = k.oid
    where k.contype not in ('n', 't') and k.conparentid = 0
    union all
    select 'index', format('%s on %s', i.relname, t.name),
        case when k.oid is null then t.whole else format('constraint %s.%s', t.name, k.conname) end,
        array['statement', pg_get_indexdef(x.indexrelid), 'invalid', case when not x.indisvalid then '' end], array[t.oid]
    from relations t
    join pg_index x on x.indrelid = t.oid
    join pg_class i on i.oid = x.indexrelid
    left join pg_constraint k on k.conindid = i.oid and k.conrelid = t.oid and k.contype in ('p', 'u', 'x')
    where not i.relispartition
    union all
    select 'statistics', format('%s.%s', n.nspname, s.stxname), t.whole, array['statement', pg_get_statisticsobjdef(s.oid)],
        array[t.oid]
    from relations t
    join pg_statistic_ext s on s.stxrelid = t.oid
    join pg_namespace n on n.oid = s.stxnamespace
    union all
    select 'trigger', format('%s.%s', t.name, g.tgname), t.whole,
        array[
            'statement', pg_get_triggerdef(g.oid),
            'state', case g.tgenabled when 'O' then 'enabled' when 'D' then 'disabled' when 'A' then 'enabled always'
                else 'enabled replica' end
        ], array[t.oid]
    from relations t
    join pg_trigger g on g.tgrelid = t.oid
    where not g.tgisinternal and coalesce(to_jsonb(g) ->> 'tgparentid', '0') = '0'
    union all
    select 'sequence', t.name, 'table ' || o.table_name,
        array[
            'type', format_type(q.seqtypid, null),
            'increment', q.seqincrement::text,
            'minimum', q.seqmin::text,
            'maximum', q.seqmax::text,
            'cache', q.seqcache::text,
            'cycle', case when q.seqcycle then '' end,
            'owned by', o.table_name || '.' || o.column_name
        ], '{}'
    from relations t
    join pg_sequence q on q.seqrelid = t.oid
    left join owning_columns o on o.relation = t.oid
    union all
    select case t.kind when 'v' then 'view' else 'materialized view' end, t.name, null,
        array[
            'statement', rtrim(pg_get_viewdef(t.oid), ';'),
            'with', (select string_agg(o, ', ' order by o collate "C") from unnest(t.reloptions) as o),
            'not populated', case when not t.relispopulated then '' end
        ], coalesce(r.others, '{}')
    from relations t
    left join pg_rewrite w on w.ev_class = t.oid and w.rulename = '_RETURN'
    left join rules_read r on r.rule = w.oid
    where t.kind in ('v', 'm')
    union all
    select 'rule', format('%s.%s', t.name, w.rulename), t.whole,
        array[
            'statement', rtrim(pg_get_ruledef(w.oid), ';'),
            'state', case w.ev_enabled when 'O' then 'enabled' when 'D' then 'disabled' when 'A' then 'enabled always'
                else 'enabled replica' end
        ], coalesce(r.relations, '{}')
    from relations t
    join pg_rewrite w on w.ev_class = t.oid
    left join rules_read r on r.rule = w.oid
    where w.rulename <> '_RETURN'
    union all
    select 'policy', format('%s.%s', t.name, p.polname), t.whole,
        array[
            'kind', case when p.polpermissive then 'permissive' else 'restrictive' end,
            'for', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
            'to', m.names,
            'using', pg_get_expr(p.polqual, p.polrelid),
            'check', pg_get_expr(p.polwithcheck, p.polrelid)
        ], coalesce(r.relations, '{}') || t.oid
    from relations t
    join pg_policy p on p.polrelid = t.oid
    left join policy_roles m on m.policy = p.oid
    left join policies_read r on r.policy = p.oid
), numbered as (
    select o.*, row_number() over () as number from objects o
), column_types as (
    -- Types by column name, where a definition calls a function whose arguments are printed with or without casts
    -- (version 14). Names with several types in the relations are left out.
    select t.number, jsonb_object_agg(t.name, t.type) as types
    from (
        select o.number, a.attname::text as name, min(format_type(coalesce(b.base, a.atttypid), null)) as type
        from (
            select n.number, read.relation
            from numbered n
            cross join unnest(n.reads) as read (relation)
            where array_to_string(n.properties, ' ') ~* '(substring|overlay|position|trim|normalize|time ?zone|overlaps|xmlexists)'
        ) o
        join pg_attribute a on a.attrelid = o.relation and a.attnum > 0 and not a.attisdropped
        left join base_types b on b.type = a.atttypid
        group by o.number, a.attname
        having count(distinct coalesce(b.base, a.atttypid)) = 1
    ) t
    group by t.number
)
-- The types of domains over arrays are the same for every object.
select o.class, o.name, o.belongs_to, o.properties,
    ((select d.types from array_domains d) || coalesce(c.types, '{}'))::text as types
from numbered o
left join column_types c on c.number = o.number
