-- Properties of the whole database, whatever the scope. The same locale can have several names. Versions
-- before 15 have one locale provider for a database; version 17 renamed the locale's column.
select 'database' as class, '' as name, null::text as belongs_to,
    array[
        'encoding', pg_encoding_to_char(d.encoding)::text,
        'provider', case coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') when 'c' then 'libc' when 'i' then 'icu' else 'builtin' end,
        'collate', regexp_replace(d.datcollate::text, '\.utf-?8$', '.UTF-8', 'i'),
        'ctype', regexp_replace(d.datctype::text, '\.utf-?8$', '.UTF-8', 'i'),
        'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')
    ] as properties, null::text as types
from pg_database d
where d.datname = current_database()
union all
select 'extension', e.extname::text, null, array['version', e.extversion, 'schema', n.nspname::text], null
from pg_extension e
join pg_namespace n on n.oid = e.extnamespace
union all
-- Without the event trigger by which DMS records DDL in a source.
select 'event trigger', e.evtname::text, null,
    array[
        'on', e.evtevent::text,
        'when tag in', array_to_string(e.evttags, ', '),
        'execute', e.evtfoid::regprocedure::text,
        'state', case e.evtenabled when 'O' then 'enabled' when 'D' then 'disabled' when 'A' then 'enabled always'
            else 'enabled replica' end
    ], null
from pg_event_trigger e
where e.evtname !~ '^awsdms_'
  and not exists (
      select from pg_depend d where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e'
  )
