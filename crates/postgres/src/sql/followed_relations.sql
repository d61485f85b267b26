-- Every relation whose changes a slot returns, its table, and the columns that the server logs for a deleted
-- row.
select n.nspname::text as schema, c.relname::text as name,
    rn.nspname::text as root_schema, r.relname::text as root_name,
    case
        when c.relreplident = 'f' then (
            select array_agg(a.attname::text)
            from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        )
        else (
            select array_agg(a.attname::text)
            from pg_index x
            cross join unnest(x.indkey) with ordinality as k (attnum, place)
            join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum
            where x.indrelid = c.oid and k.place <= x.indnkeyatts and x.indisvalid
              and (c.relreplident = 'd' and x.indisprimary or c.relreplident = 'i' and x.indisreplident)
        )
    end as identity
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_class r on r.oid = coalesce(pg_partition_root(c.oid), c.oid)
join pg_namespace rn on rn.oid = r.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
