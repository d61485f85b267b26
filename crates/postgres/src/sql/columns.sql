-- Columns by name; a table without columns gives one row without a name.
select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as sql_type,
    coalesce(a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1]), false) as in_key
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_index i on i.indrelid = c.oid and i.indisprimary
where n.nspname::text = $1 and c.relname::text = $2 and c.relkind in ('r', 'p')
order by a.attname::text collate "C"
