-- The lags are null when everything was confirmed before the last change: if the positions are equal, no
-- change is outstanding.
select case when write_lsn >= sent_lsn then 0 else coalesce(extract(epoch from write_lag), 1) end::float8,
       case when replay_lsn >= sent_lsn then 0 else coalesce(extract(epoch from replay_lag), 1) end::float8
from pg_stat_replication
where application_name = $1 and state = 'streaming'
