-- Unique indexes that identify every row whatever its values; the primary key first.
, index_columns as (
    select x.indexrelid as index, array_agg(a.attname::text order by k.place) as names, bool_and(a.attnotnull) as not_null
    from pg_index x
    cross join lateral unnest(x.indkey) with ordinality as k (attnum, place)
    join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum
    where k.place <= x.indnkeyatts and x.indisunique
    group by x.indexrelid
)
select t.schema, t.name, x.indisprimary as is_primary, k.names as columns
from in_scope t
join pg_class c on c.oid = t.oid
join pg_index x on x.indrelid = t.oid
join pg_class i on i.oid = x.indexrelid
join index_columns k on k.index = x.indexrelid
where t.kind in ('r', 'p') and not c.relispartition
  and x.indisunique and x.indisvalid and x.indimmediate and x.indpred is null and x.indexprs is null
  and k.not_null
order by t.schema collate "C", t.name collate "C", x.indisprimary desc, x.indnkeyatts, i.relname collate "C"
