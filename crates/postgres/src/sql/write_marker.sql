with raised as (
    insert into crossover.catch_up_marker (run_id, nonce, written_at, position)
    values ($1, $2, clock_timestamp(), pg_current_wal_insert_lsn()::text)
    on conflict (run_id, nonce) do nothing
    returning position
)
select r.position::text as position from raised r
union all
select f.position::text from crossover.catch_up_marker f
where f.run_id = $1 and f.nonce = $2 and not exists (select from raised)
