select p.gid, p.owner::text as owner,
    greatest(0, extract(epoch from clock_timestamp() - p.prepared) * 1000)::bigint as age_ms
from pg_prepared_xacts p
where p.database = current_database()
order by p.gid collate "C"
