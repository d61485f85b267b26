-- Columns of the tables in scope except partitions, by name; a table without columns has one row without a
-- name.
, bases as (
    select y.oid, y.oid as base, -1 as modifier
    from pg_type y
    where y.typtype <> 'd'
    union all
    select d.oid, b.base, case when d.typtypmod >= 0 then d.typtypmod else b.modifier end
    from bases b
    join pg_type d on d.typbasetype = b.oid and d.typtype = 'd'
)
select t.schema, t.name, t.kind = 'p' as partitioned,
    -- This function considers owners, superusers and BYPASSRLS, but not the setting row_security.
    row_security_active(t.oid) as rows_hidden,
    a.attname::text as column_name,
    format_type(a.atttypid, a.atttypmod) as sql_type,
    y.typname::text as base_type,
    y.typnamespace = 'pg_catalog'::regnamespace as built_in,
    case when a.atttypmod >= 0 then a.atttypmod else b.modifier end as type_modifier,
    a.attnotnull as not_null,
    coalesce(l.collname in ('C', 'POSIX') or l.collname = 'default' and d.datcollate in ('C', 'POSIX'), true) as byte_order
from in_scope t
join pg_class c on c.oid = t.oid
join pg_database d on d.datname = current_database()
left join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
left join bases b on b.oid = a.atttypid
left join pg_type y on y.oid = b.base
left join pg_collation l on l.oid = a.attcollation
where t.kind in ('r', 'p') and not c.relispartition
order by t.schema collate "C", t.name collate "C", a.attname collate "C"
