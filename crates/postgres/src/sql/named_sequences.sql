select n.nspname::text as schema, c.relname::text as name, q.seqincrement as increment, q.seqmin as min_value,
    q.seqmax as max_value, q.seqcycle as cycle, q.seqcache as cache, q.seqstart as start_value,
    case when has_sequence_privilege(c.oid, 'SELECT') then pg_sequence_last_value(c.oid) end as last_value,
    has_sequence_privilege(c.oid, 'SELECT') as readable,
    has_sequence_privilege(c.oid, 'UPDATE') as movable
from (select distinct a.schema, a.name from unnest($1::text[], $2::text[]) as a (schema, name)) as asked
join pg_namespace n on n.nspname = asked.schema::name
join pg_class c on c.relnamespace = n.oid and c.relname = asked.name::name and c.relkind = 'S'
join pg_sequence q on q.seqrelid = c.oid
order by n.nspname::text collate "C", c.relname::text collate "C"
