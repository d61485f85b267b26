select wanted.schema_name,
       wanted.table_name,
       rel.srsubstate::text,
       coalesce(stat.n_tup_ins, 0),
       coalesce(stat.n_tup_upd, 0),
       coalesce(stat.n_tup_del, 0)
from unnest($2::text[], $3::text[]) as wanted (schema_name, table_name)
left join pg_namespace n on n.nspname = wanted.schema_name
left join pg_class c on c.relnamespace = n.oid and c.relname = wanted.table_name
left join pg_subscription s on s.subname = $1
left join pg_subscription_rel rel on rel.srsubid = s.oid and rel.srrelid = c.oid
left join pg_stat_all_tables stat on stat.relid = c.oid
