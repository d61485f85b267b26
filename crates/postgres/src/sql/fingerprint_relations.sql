-- Tables and their dependent objects. Inherited properties of a partition are listed with its parent only.
, relations as (
    select t.oid, t.kind, n.name, c.*,
        case t.kind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end
            || n.name as whole
    from in_scope t
    cross join lateral (select format('%s.%s', t.schema, t.name) as name) n
    cross join lateral (
        select r.relreplident, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relpartbound, r.relispartition, r.relispopulated,
            r.reloptions
        from pg_class r where r.oid = t.oid
    ) c
)
, objects as (
    select 'table' as class, t.name, null as belongs_to,
        array[
            -- the default is left out; a partitioned table has no rows itself
            'replica identity', case when t.kind = 'r' then case t.relreplident when 'f' then 'full' when 'n' then 'nothing' when 'i' then
                coalesce((
                    select 'using index ' || i.relname
                    from pg_index x
                    join pg_class i on i.oid = x.indexrelid
                    where x.indrelid = t.oid and x.indisreplident
                ), 'using an index that is gone') end end,
            'unlogged', case t.relpersistence when 'u' then '' end,
            'partition by', case when t.kind = 'p' then pg_get_partkeydef(t.oid) end,
            'partition', case when t.relispartition then pg_get_expr(t.relpartbound, t.oid) end,
            case when t.relispartition then 'of' else 'inherits' end, (
                select string_agg(format('%s.%s', n.nspname, p.relname), ', ' order by h.inhseqno)
                from pg_inherits h
                join pg_class p on p.oid = h.inhparent
                join pg_namespace n on n.oid = p.relnamespace
                where h.inhrelid = t.oid
            ),
            'row level security', case when t.relrowsecurity then '' end,
            'forced row level security', case when t.relforcerowsecurity then '' end
        ] as properties, array[t.oid] as reads
    from relations t
    where t.kind in ('r', 'p')
    union all
    select 'column', format('%s.%s', t.name, a.attname), t.whole,
        array[
            'type', format_type(a.atttypid, a.atttypmod),
            'collate', (
                select format('%s.%s', n.nspname, l.collname)
                from pg_collation l
                join pg_namespace n on n.oid = l.collnamespace
                join pg_type y on y.oid = a.atttypid
                where l.oid = a.attcollation and a.attcollation <> y.typcollation
            ),
            'not null', case when a.attnotnull then '' end,
            -- since 18
            'not null not valid', (
                select '' from pg_constraint k
                where k.contype = 'n' and k.conrelid = a.attrelid and k.conkey = array[a.attnum] and not k.convalidated
            ),
            'not null no inherit', (
                select '' from pg_constraint k
                where k.contype = 'n' and k.conrelid = a.attrelid and k.conkey = array[a.attnum] and k.connoinherit
            ),
            'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
            case when a.attgenerated = '' then 'default' else 'generated' end,
            case a.attgenerated when '' then '' when 's' then 'stored ' else 'virtual ' end || pg_get_expr(d.adbin, d.adrelid)
        ], array[t.oid]
    from relations t
    join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where t.kind in ('r', 'p', 'v', 'm')
    union all
    -- Version 18 lists NOT NULL as constraints; they are properties of the columns here. Constraint triggers
    -- are listed as triggers.
    select 'constraint', format('%s.%s', t.name, k.conname), t.whole,
        array[
            'statement', pg_get_constraintdef(k.oid),
            -- up to version 14 those of a partitioned table belong to its partitions only
            'triggers disabled', (
                select '' where exists (
                    select from pg_constraint own
                    join pg_trigger g on g.tgconstraint = own.oid
                    where (own.oid = k.oid or own.conparentid = k.oid) and g.tgenabled = 'D'
                )
            )
        ], array[t.oid]
    from relations t
    join pg_constraint k on k.conrelid = t.oid
    where k.contype not in ('n', 't') and k.conparentid = 0
    union all
    select 'index', format('%s on %s', i.relname, t.name),
        coalesce(
            (
                select format('constraint %s.%s', t.name, k.conname)
                from pg_constraint k
                where k.conindid = i.oid and k.conrelid = t.oid and k.contype in ('p', 'u', 'x')
            ),
            t.whole
        ),
        array['statement', pg_get_indexdef(x.indexrelid), 'invalid', case when not x.indisvalid then '' end], array[t.oid]
    from relations t
    join pg_index x on x.indrelid = t.oid
    join pg_class i on i.oid = x.indexrelid
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
    left join lateral (
        select format('%s.%s', n.nspname, c.relname) as table_name, a.attname::text as column_name
        from pg_depend d
        join pg_class c on c.oid = d.refobjid
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    ) o on true
    union all
    select case t.kind when 'v' then 'view' else 'materialized view' end, t.name, null,
        array[
            'statement', rtrim(pg_get_viewdef(t.oid), ';'),
            'with', (select string_agg(o, ', ' order by o collate "C") from unnest(t.reloptions) as o),
            'not populated', case when not t.relispopulated then '' end
        ], array(
            select d.refobjid
            from pg_rewrite w
            join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
            where w.ev_class = t.oid and d.refobjid <> t.oid
        )
    from relations t
    where t.kind in ('v', 'm')
    union all
    select 'rule', format('%s.%s', t.name, w.rulename), t.whole,
        array[
            'statement', rtrim(pg_get_ruledef(w.oid), ';'),
            'state', case w.ev_enabled when 'O' then 'enabled' when 'D' then 'disabled' when 'A' then 'enabled always'
                else 'enabled replica' end
        ], array(
            select d.refobjid from pg_depend d
            where d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
        )
    from relations t
    join pg_rewrite w on w.ev_class = t.oid
    where w.rulename <> '_RETURN'
    union all
    select 'policy', format('%s.%s', t.name, p.polname), t.whole,
        array[
            'kind', case when p.polpermissive then 'permissive' else 'restrictive' end,
            'for', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
            'to', (
                select string_agg(coalesce(r.rolname::text, 'public'), ', ' order by r.rolname)
                from unnest(p.polroles) as member (oid)
                left join pg_roles r on r.oid = member.oid
            ),
            'using', pg_get_expr(p.polqual, p.polrelid),
            'check', pg_get_expr(p.polwithcheck, p.polrelid)
        ], array(
            select d.refobjid from pg_depend d
            where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
        ) || t.oid
    from relations t
    join pg_policy p on p.polrelid = t.oid
)
-- Types by column name, where a definition calls a function whose arguments are printed with or without casts
-- (version 14), and types of domains over arrays. Names with several types in the relations are left out.
select o.class, o.name, o.belongs_to, o.properties, (d.types || coalesce(c.types, '{}'))::text as types
from objects o
cross join array_domains d
left join lateral (
    select jsonb_object_agg(a.name, a.type) as types
    from (
        select a.attname::text as name, min(format_type(coalesce(b.base, a.atttypid), null)) as type
        from pg_attribute a
        left join base_types b on b.type = a.atttypid
        where a.attrelid = any (o.reads) and a.attnum > 0 and not a.attisdropped
        group by a.attname
        having count(distinct coalesce(b.base, a.atttypid)) = 1
    ) a
) c on array_to_string(o.properties, ' ') ~* '(substring|overlay|position|trim|normalize|time ?zone|overlaps|xmlexists)'
