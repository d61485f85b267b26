-- Tables and their dependent objects. Inherited properties of a partition are listed with its parent only.
--
-- What belongs to an object is gathered for all objects at once and joined, never looked up for one object at a
-- time: see tests/it/growth.rs.
, relations as (
    select t.oid, t.kind, n.name, r.relreplident, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relpartbound, r.relispartition,
        r.relispopulated, r.reloptions, r.reltoastrelid, r.reloftype,
        case when m.amname <> 'heap' then m.amname::text end as access_method,
        case t.kind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' when 'f' then 'foreign table '
            else 'table ' end || n.name as whole
    from in_scope t
    join pg_class r on r.oid = t.oid
    left join pg_am m on m.oid = r.relam
    cross join lateral (select format('%I.%I', t.schema, t.name) as name) n
), identity_indexes as (
    select x.indrelid as relation, i.relname
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    where x.indisreplident
), clustered as (
    select x.indrelid as relation, i.relname
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    where x.indisclustered
), toast_options as (
    select t.oid as relation, (select string_agg(o, ', ' order by o collate "C") from unnest(c.reloptions) as o) as options
    from relations t
    join pg_class c on c.oid = t.reltoastrelid
    where c.reloptions is not null
), column_orders as (
    select a.attrelid as relation, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
    from relations t
    join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    where t.kind in ('r', 'p', 'f')
    group by a.attrelid
), index_targets as (
    -- an index on expressions has statistics of its own
    select a.attrelid as index, string_agg(format('column %s: %s', a.attnum, a.attstattarget), ', ' order by a.attnum) as targets
    from pg_class i
    join pg_attribute a on a.attrelid = i.oid
    where i.relkind in ('i', 'I') and a.attstattarget >= 0
    group by a.attrelid
), partition_index_options as (
    -- a partition's index is defined by that of the table, and can have options of its own
    select x.indrelid as relation, string_agg(
            format('%I (%s)', i.relname, array_to_string(
                i.reloptions || case when x.indisvalid then null else 'invalid' end || s.targets, ', '
            )), ', ' order by i.relname
        ) as options
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    left join index_targets s on s.index = i.oid
    where i.relispartition and (i.reloptions is not null or not x.indisvalid or s.targets is not null)
    group by x.indrelid
), parents as (
    select h.inhrelid as relation, string_agg(format('%I.%I', n.nspname, p.relname), ', ' order by h.inhseqno) as names
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
), constraint_roots as (
    select k.oid, k.oid as root from pg_constraint k where k.conparentid = 0
    union all
    select k.oid, r.root
    from constraint_roots r
    join pg_constraint k on k.conparentid = r.oid
), constraint_triggers as (
    -- The triggers that enforce a constraint, where they do not fire as usual. A partitioned table has no rows itself, and
    -- up to version 14 no such triggers.
    select w.root as constraint_oid,
        string_agg(w.text, ', ' order by w.text collate "C") filter (where w.state <> 'A') as not_enforced,
        string_agg(w.text, ', ' order by w.text collate "C") filter (where w.state = 'A') as always
    from (
        select distinct r.root, g.tgenabled as state, case g.tgenabled when 'D' then '(trigger disabled on '
            when 'R' then '(trigger enabled for replicated changes only on ' else '(trigger always enabled on ' end
            || format('%I.%I)', n.nspname, c.relname) as text
        from pg_trigger g
        join constraint_roots r on r.oid = g.tgconstraint
        join pg_class c on c.oid = g.tgrelid
        join pg_namespace n on n.oid = c.relnamespace
        where g.tgenabled <> 'O' and c.relkind <> 'p'
    ) w
    group by w.root
), trigger_parents as (
    -- a partition's trigger depends on that of the table; its own column for this exists since version 13
    select d.objid as trigger, d.refobjid as parent
    from pg_depend d
    where d.classid = 'pg_trigger'::regclass and d.refclassid = 'pg_trigger'::regclass and d.deptype = 'P'
), trigger_ancestors as (
    select p.trigger, p.parent from trigger_parents p
    union all
    select a.trigger, p.parent
    from trigger_ancestors a
    join trigger_parents p on p.trigger = a.parent
), partition_trigger_states as (
    -- a trigger that a partition has from its table can have a state of its own
    select g.tgrelid as relation, string_agg(format('%I ', g.tgname) || case g.tgenabled when 'O' then 'enabled' when 'D' then 'disabled'
        when 'A' then 'enabled always' else 'enabled replica' end, ', ' order by g.tgname) as states
    from trigger_ancestors a
    left join trigger_parents p on p.trigger = a.parent
    join pg_trigger root on root.oid = a.parent
    join pg_trigger g on g.oid = a.trigger
    left join pg_constraint k on k.oid = g.tgconstraint
    where p.trigger is null and g.tgenabled <> root.tgenabled and (k.oid is null or k.contype = 't')
    group by g.tgrelid
), owning_columns as (
    select d.objid as relation, format('%I.%I', n.nspname, c.relname) as table_name, a.attname::text as column_name,
        c.relpersistence as table_persistence
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
    select p.oid as policy, string_agg(coalesce(quote_ident(r.rolname), 'public'), ', ' order by r.rolname) as names
    from pg_policy p
    cross join unnest(p.polroles) as member (oid)
    left join pg_roles r on r.oid = member.oid
    group by p.oid
)
, objects as (
    select case t.kind when 'f' then 'foreign table' else 'table' end as class, t.name, null as belongs_to,
        array[
            -- the default is left out; a partitioned table has no rows itself
            'replica identity', case when t.kind = 'r' then case t.relreplident when 'f' then 'full' when 'n' then 'nothing' when 'i' then
                coalesce('using index ' || i.relname, 'using an index that is gone') end end,
            'unlogged', case t.relpersistence when 'u' then '' end,
            'partition by', case when t.kind = 'p' then pg_get_partkeydef(t.oid) end,
            'partition', case when t.relispartition then pg_get_expr(t.relpartbound, t.oid) end,
            case when t.relispartition then 'of' else 'inherits' end, p.names,
            'row level security', case when t.relrowsecurity then '' end,
            'forced row level security', case when t.relforcerowsecurity then '' end,
            'of type', format_type(nullif(t.reloftype, 0), null),
            'server', case when t.kind = 'f' then quote_ident(s.srvname) end,
            'options', to_json(f.ftoptions)::text,
            'access method', t.access_method,
            'with', (select string_agg(o, ', ' order by o collate "C") from unnest(t.reloptions) as o),
            'toast with', o.options,
            'cluster on', l.relname::text,
            'options of partition indexes', x.options,
            'trigger states of its own', r.states,
            'column order', c.columns
        ] as properties, array[t.oid] as reads
    from relations t
    left join identity_indexes i on i.relation = t.oid
    left join parents p on p.relation = t.oid
    left join pg_foreign_table f on f.ftrelid = t.oid
    left join pg_foreign_server s on s.oid = f.ftserver
    left join toast_options o on o.relation = t.oid
    left join clustered l on l.relation = t.oid
    left join partition_index_options x on x.relation = t.oid
    left join partition_trigger_states r on r.relation = t.oid
    left join column_orders c on c.relation = t.oid
    where t.kind in ('r', 'p', 'f')
    union all
    -- before version 14 a column has no compression: the name is then that of the first query
    select a.*
    from (select ''::"char" as attcompression) absent
    cross join lateral (
        select 'column', format('%s.%I', t.name, a.attname), t.whole,
            array[
                'type', format_type(a.atttypid, a.atttypmod),
                'collate', case when a.attcollation <> y.typcollation then format('%I.%I', n.nspname, l.collname) end,
                'not null', case when a.attnotnull then '' end,
                'not null not valid', case when k.not_valid then '' end,
                'not null no inherit', case when k.no_inherit then '' end,
                'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
                case when a.attgenerated = '' then 'default' else 'generated' end,
                case a.attgenerated when '' then '' when 's' then 'stored ' else 'virtual ' end || pg_get_expr(d.adbin, d.adrelid),
                'options', to_json(a.attfdwoptions)::text,
                'storage', case when a.attstorage <> y.typstorage and t.kind <> 'v' then
                    case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
                'compression', case attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
                -- the default is -1, and NULL since version 17
                'statistics target', case when a.attstattarget >= 0 then a.attstattarget::text end,
                'with', (select string_agg(o, ', ' order by o collate "C") from unnest(a.attoptions) as o)
            ], array[t.oid]
        from relations t
        join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        join pg_type y on y.oid = a.atttypid
        left join pg_collation l on l.oid = a.attcollation
        left join pg_namespace n on n.oid = l.collnamespace
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        left join not_null_constraints k on k.relation = a.attrelid and k.attnum = a.attnum
        where t.kind in ('r', 'p', 'v', 'm', 'f')
    ) a
    union all
    -- Version 18 lists NOT NULL as constraints; they are properties of the columns here. Constraint triggers
    -- are listed as triggers.
    select 'constraint', format('%s.%I', t.name, k.conname), t.whole,
        array[
            'statement', pg_get_constraintdef(k.oid),
            'not enforced', d.not_enforced,
            'enforced for replicated changes', d.always
        ], array[t.oid]
    from relations t
    join pg_constraint k on k.conrelid = t.oid
    left join constraint_triggers d on d.constraint_oid = k.oid
    where k.contype not in ('n', 't') and k.conparentid = 0
    union all
    select 'index', format('%I on %s', i.relname, t.name),
        case when k.oid is null then t.whole else format('constraint %s.%I', t.name, k.conname) end,
        array['statement', pg_get_indexdef(x.indexrelid), 'invalid', case when not x.indisvalid then '' end,
            'statistics targets', s.targets], array[t.oid]
    from relations t
    join pg_index x on x.indrelid = t.oid
    join pg_class i on i.oid = x.indexrelid
    left join pg_constraint k on k.conindid = i.oid and k.conrelid = t.oid and k.contype in ('p', 'u', 'x')
    left join index_targets s on s.index = i.oid
    where not i.relispartition
    union all
    select 'statistics', format('%I.%I', n.nspname, s.stxname), t.whole,
        array[
            'statement', pg_get_statisticsobjdef(s.oid),
            -- since version 13; the default is -1, and NULL since version 17
            'target', nullif(to_jsonb(s) ->> 'stxstattarget', '-1')
        ], array[t.oid]
    from relations t
    join pg_statistic_ext s on s.stxrelid = t.oid
    join pg_namespace n on n.oid = s.stxnamespace
    union all
    select 'trigger', format('%s.%I', t.name, g.tgname), t.whole,
        array[
            'statement', pg_get_triggerdef(g.oid),
            'state', case g.tgenabled when 'O' then 'enabled' when 'D' then 'disabled' when 'A' then 'enabled always'
                else 'enabled replica' end
        ], array[t.oid]
    from relations t
    join pg_trigger g on g.tgrelid = t.oid
    left join trigger_parents p on p.trigger = g.oid
    where not g.tgisinternal and p.trigger is null
    union all
    select 'sequence', t.name, 'table ' || o.table_name,
        array[
            'type', format_type(q.seqtypid, null),
            'increment', q.seqincrement::text,
            'minimum', q.seqmin::text,
            'maximum', q.seqmax::text,
            'cache', q.seqcache::text,
            'cycle', case when q.seqcycle then '' end,
            'start', q.seqstart::text,
            -- since version 15 the sequence of an identity column is unlogged as its table is
            'unlogged', case when t.relpersistence = 'u' and coalesce(o.table_persistence, 'p') <> 'u' then '' end,
            'owned by', o.table_name || '.' || quote_ident(o.column_name)
        ], '{}'
    from relations t
    join pg_sequence q on q.seqrelid = t.oid
    left join owning_columns o on o.relation = t.oid
    union all
    select case t.kind when 'v' then 'view' else 'materialized view' end, t.name, null,
        array[
            'statement', rtrim(pg_get_viewdef(t.oid), ';'),
            'with', (select string_agg(o, ', ' order by o collate "C") from unnest(t.reloptions) as o),
            'not populated', case when not t.relispopulated then '' end,
            'access method', t.access_method,
            'toast with', x.options,
            'cluster on', l.relname::text
        ], coalesce(r.others, '{}')
    from relations t
    left join pg_rewrite w on w.ev_class = t.oid and w.rulename = '_RETURN'
    left join rules_read r on r.rule = w.oid
    left join toast_options x on x.relation = t.oid
    left join clustered l on l.relation = t.oid
    where t.kind in ('v', 'm')
    union all
    select 'rule', format('%s.%I', t.name, w.rulename), t.whole,
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
    select 'policy', format('%s.%I', t.name, p.polname), t.whole,
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
