-- Properties of the whole database, whatever the scope. The same locale can have several names. Versions
-- before 15 have one locale provider for a database; version 17 renamed the locale's column.
select 'database' as class, '' as name, null::text as belongs_to,
    array[
        'encoding', pg_encoding_to_char(d.encoding)::text,
        'provider', case coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') when 'c' then 'libc' when 'i' then 'icu' else 'builtin' end,
        'collate', regexp_replace(d.datcollate::text, '\.utf-?8$', '.UTF-8', 'i'),
        'ctype', regexp_replace(d.datctype::text, '\.utf-?8$', '.UTF-8', 'i'),
        'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
        'rules', to_jsonb(d) ->> 'daticurules',
        'connection limit', nullif(d.datconnlimit, -1)::text
    ] as properties, null::text as types
from pg_database d
where d.datname = current_database()
union all
select 'extension', format('%I', e.extname), null, array['version', e.extversion, 'schema', n.nspname::text], null
from pg_extension e
join pg_namespace n on n.oid = e.extnamespace
union all
-- Settings of the database and of roles in it. $1 are the exempt roles. A setting that only decides how fast or how
-- long a statement runs, or what is logged, is tuned; an unknown one belongs to an extension or the application.
select 'setting', format('%s of %s', parts.name, case o.setrole when 0 then 'the database' else format('%I', r.rolname) end), null,
    array[
        case
            when coalesce(g.category, '') !~ '^(|Client Connection Defaults.*|Version and Platform Compatibility.*|Customized Options)$'
                or lower(parts.name) ~ '(_timeout|_cost_limit|_cost_delay|_age|_tablespaces?|_libraries|_compression|_pending_list_limit|_read_only)$'
            then 'tunes' else 'value'
        end, parts.value
    ], null
from pg_db_role_setting o
join pg_database d on d.oid = o.setdatabase and d.datname = current_database()
left join pg_roles r on r.oid = o.setrole
cross join lateral unnest(o.setconfig) as entry
cross join lateral (
    select split_part(entry, '=', 1) as name, substr(entry, strpos(entry, '=') + 1) as value
) as parts
left join pg_settings g on lower(g.name) = lower(parts.name)
where o.setrole = 0 or r.rolname <> session_user and not r.rolname::text = any ($1::text[])
