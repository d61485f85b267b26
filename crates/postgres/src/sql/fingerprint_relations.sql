-- Tables and what belongs to them. What a partition inherits is said by its parent.
, relations as (
    select t.oid, t.kind, format('%s.%s', t.schema, t.name) as name, c.*
    from in_scope t
    cross join lateral (
        select r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relpartbound, r.relispartition
        from pg_class r where r.oid = t.oid
    ) c
)
select 'table ' || t.name as object,
    concat_ws(' ',
        case t.relpersistence when 'u' then 'unlogged' end,
        case when t.kind = 'p' then 'partition by ' || pg_get_partkeydef(t.oid) end,
        case when t.relispartition then 'partition ' || pg_get_expr(t.relpartbound, t.oid) end,
        (
            select 'of ' || string_agg(format('%s.%s', n.nspname, p.relname), ', ' order by h.inhseqno)
            from pg_inherits h
            join pg_class p on p.oid = h.inhparent
            join pg_namespace n on n.oid = p.relnamespace
            where h.inhrelid = t.oid
        ),
        case when t.relrowsecurity then 'row level security' end,
        case when t.relforcerowsecurity then 'forced' end
    ) as definition
from relations t
where t.kind in ('r', 'p')
union all
select format('column %s.%s', t.name, a.attname),
    concat_ws(' ',
        format_type(a.atttypid, a.atttypmod),
        (
            select format('collate %s.%s', n.nspname, l.collname)
            from pg_collation l
            join pg_namespace n on n.oid = l.collnamespace
            join pg_type y on y.oid = a.atttypid
            where l.oid = a.attcollation and a.attcollation <> y.typcollation
        ),
        case when a.attnotnull then 'not null' end,
        case a.attidentity when 'a' then 'identity always' when 'd' then 'identity by default' end,
        case
            when a.attgenerated = 's' then 'generated stored ' || pg_get_expr(d.adbin, d.adrelid)
            when a.attgenerated <> '' then 'generated virtual ' || pg_get_expr(d.adbin, d.adrelid)
            else 'default ' || pg_get_expr(d.adbin, d.adrelid)
        end
    )
from relations t
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where t.kind in ('r', 'p', 'v', 'm')
union all
-- 18 lists NOT NULL as constraints; the columns say it already. Constraint triggers are triggers.
select format('constraint %s.%s', t.name, k.conname), pg_get_constraintdef(k.oid)
from relations t
join pg_constraint k on k.conrelid = t.oid
where k.contype not in ('n', 't') and k.conparentid = 0
union all
select format('index %s on %s', i.relname, t.name),
    pg_get_indexdef(x.indexrelid) || case when x.indisvalid then '' else ' invalid' end
from relations t
join pg_index x on x.indrelid = t.oid
join pg_class i on i.oid = x.indexrelid
where not i.relispartition
union all
select format('trigger %s.%s', t.name, g.tgname),
    pg_get_triggerdef(g.oid)
        || case g.tgenabled when 'O' then '' when 'D' then ' disabled' when 'A' then ' enabled always' else ' enabled replica' end
from relations t
join pg_trigger g on g.tgrelid = t.oid
where not g.tgisinternal and coalesce(to_jsonb(g) ->> 'tgparentid', '0') = '0'
union all
select 'sequence ' || t.name,
    format('%s increment %s minimum %s maximum %s cache %s%s', format_type(q.seqtypid, null), q.seqincrement, q.seqmin,
        q.seqmax, q.seqcache, case when q.seqcycle then ' cycle' else '' end)
from relations t
join pg_sequence q on q.seqrelid = t.oid
union all
-- Versions spell a view differently (16 leaves out needless qualifiers), so names are compared without them, white space
-- and parentheses are left out, and what the view stands on is listed in full.
select case t.kind when 'v' then 'view ' else 'materialized view ' end || t.name,
    regexp_replace(
        regexp_replace(pg_get_viewdef(t.oid), '([a-z_][a-z0-9_$]*|"([^"]|"")+")\.', '', 'gi'), '[\s()]+', ' ', 'g')
    || (
        select coalesce(' from ' || string_agg(distinct format('%s.%s', n.nspname, r.relname), ', '), '')
        from pg_rewrite w
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
            and d.refclassid = 'pg_class'::regclass and d.refobjid <> t.oid
        join pg_class r on r.oid = d.refobjid
        join pg_namespace n on n.oid = r.relnamespace
        where w.ev_class = t.oid
    )
from relations t
where t.kind in ('v', 'm')
union all
select format('rule %s.%s', t.name, w.rulename),
    pg_get_ruledef(w.oid) || case w.ev_enabled when 'O' then '' else ' enabled ' || w.ev_enabled::text end
from relations t
join pg_rewrite w on w.ev_class = t.oid
where w.rulename <> '_RETURN'
union all
select format('policy %s.%s', t.name, p.polname),
    concat_ws(' ',
        case when p.polpermissive then 'permissive' else 'restrictive' end,
        'for ' || p.polcmd::text,
        'to ' || (
            select string_agg(coalesce(r.rolname::text, 'public'), ', ' order by r.rolname)
            from unnest(p.polroles) as member (oid)
            left join pg_roles r on r.oid = member.oid
        ),
        'using ' || pg_get_expr(p.polqual, p.polrelid),
        'check ' || pg_get_expr(p.polwithcheck, p.polrelid)
    )
from relations t
join pg_policy p on p.polrelid = t.oid
