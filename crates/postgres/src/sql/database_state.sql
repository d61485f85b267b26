-- The identity of the database, and the time since which its writes are counted. A crash resets the counters;
-- since version 15 only the background writer's reset time shows that. A database without a reset of its
-- statistics has no reset time.
select current_database()::text as database,
    current_setting('server_version_num')::bigint as version_num,
    (extract(epoch from coalesce(
        greatest(
            (select s.stats_reset from pg_stat_database s where s.datname = current_database()),
            (select b.stats_reset from pg_stat_bgwriter b)
        ),
        pg_postmaster_start_time()
    )) * 1000000)::bigint as counted_since_us
