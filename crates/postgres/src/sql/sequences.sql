select t.schema, t.name, q.seqincrement as increment, q.seqmin as min_value, q.seqmax as max_value,
    q.seqcycle as cycle, q.seqcache as cache, q.seqstart as start_value,
    case when has_sequence_privilege(t.oid, 'SELECT') then pg_sequence_last_value(t.oid) end as last_value,
    has_sequence_privilege(t.oid, 'SELECT') as readable,
    has_sequence_privilege(t.oid, 'UPDATE') as movable
from in_scope t
join pg_sequence q on q.seqrelid = t.oid
where t.kind = 'S'
order by t.schema collate "C", t.name collate "C"
