-- Crossover's own tables, as they are.
select c.relname::text as name, pg_get_userbyid(c.relowner)::text as owner,
    pg_has_role(session_user, c.relowner, 'USAGE') as owned,
    c.relkind = 'r' as plain, c.relpersistence = 'p' as logged,
    coalesce((
        select array_agg(
            format('%s %s%s', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' else '' end)
            order by a.attname collate "C"
        )
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ), '{}') as columns,
    coalesce((
        select array_agg(a.attname::text order by k.place)
        from pg_index i
        cross join lateral unnest(i.indkey) with ordinality as k (attnum, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indrelid = c.oid and i.indisprimary and i.indisvalid and i.indimmediate and k.place <= i.indnkeyatts
    ), '{}') as primary_key
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'crossover' and c.relname in ('access_snapshot', 'catch_up_marker')
