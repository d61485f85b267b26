-- The statements that create every form of this database from the server's printed definition, as a dump
-- does.
with forms as (
    select c.oid, c.relname::text as name, c.relkind as kind
    from pg_class c
    where c.relnamespace = 'shop'::regnamespace
)
select statement
from (
    select 0, l.collname::text, format('create collation shop.%I (provider = %s, locale = %L, deterministic = %s)', l.collname,
        case l.collprovider when 'i' then 'icu' else 'libc' end,
        coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale', l.collcollate::text), l.collisdeterministic::text)
    from pg_collation l
    where l.collnamespace = 'shop'::regnamespace and l.collname ~ '^f[0-9]'
    union all
    select 1, y.typname::text, format('create domain shop.%I as %s %s %s %s', y.typname, format_type(y.typbasetype, y.typtypmod),
        'default ' || pg_get_expr(y.typdefaultbin, 0), case when y.typnotnull then 'not null' end,
        (
            select string_agg(format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid)), ' ')
            from pg_constraint k where k.contypid = y.oid and k.contype = 'c'
        ))
    from pg_type y
    where y.typnamespace = 'shop'::regnamespace and y.typtype = 'd' and y.typname ~ '^f[0-9]'
    union all
    select 2, p.proname::text, pg_get_functiondef(p.oid)
    from pg_proc p
    where p.pronamespace = 'shop'::regnamespace and p.proname ~ '^f[0-9]'
    union all
    select 3, a.attname::text, format('alter table shop.t add column %I %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod),
        (
            select format('collate %I.%I', n.nspname, l.collname)
            from pg_collation l
            join pg_namespace n on n.oid = l.collnamespace
            join pg_type y on y.oid = a.atttypid
            where l.oid = a.attcollation and a.attcollation <> y.typcollation
        ),
        case a.attgenerated when '' then 'default ' || pg_get_expr(d.adbin, d.adrelid)
            else format('generated always as (%s) stored', pg_get_expr(d.adbin, d.adrelid)) end)
    from pg_attribute a
    join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'shop.t'::regclass and a.attname ~ '^f[0-9]'
    union all
    select 4, t.name, format('create table shop.%I (like shop.t) partition by %s', t.name, pg_get_partkeydef(t.oid))
    from forms t
    where t.kind = 'p'
    union all
    select 5, k.conname::text, format('alter table shop.t add constraint %I %s', k.conname, pg_get_constraintdef(k.oid))
    from pg_constraint k
    where k.conrelid = 'shop.t'::regclass and k.conname ~ '^f[0-9]'
    union all
    select 6, i.name, pg_get_indexdef(i.oid)
    from forms i
    where i.kind = 'i' and i.name ~ '^f[0-9]' and not exists (select from pg_constraint k where k.conindid = i.oid)
    union all
    select 7, s.stxname::text, pg_get_statisticsobjdef(s.oid)
    from pg_statistic_ext s
    union all
    select 8, v.name, format('create %s shop.%I as %s', case v.kind when 'v' then 'view' else 'materialized view' end, v.name,
        pg_get_viewdef(v.oid))
    from forms v
    where v.kind in ('v', 'm')
    union all
    select 9, p.polname::text, format('create policy %I on shop.t for %s %s %s', p.polname,
        case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        'using (' || pg_get_expr(p.polqual, p.polrelid) || ')', 'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
    from pg_policy p
    union all
    select 10, g.tgname::text, pg_get_triggerdef(g.oid)
    from pg_trigger g
    where not g.tgisinternal
    union all
    select 11, w.rulename::text, pg_get_ruledef(w.oid)
    from pg_rewrite w
    where w.rulename ~ '^f[0-9]'
) as statements (place, name, statement)
order by place, name
