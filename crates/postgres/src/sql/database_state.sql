-- Which database this is, and since when its writes are counted: after a crash counters begin again, and from 15 on only the
-- background writer's time tells. A database whose statistics were never reset has no time of its own.
select current_database()::text as database,
    current_setting('server_version_num')::bigint as version_num,
    (extract(epoch from coalesce(
        greatest(
            (select s.stats_reset from pg_stat_database s where s.datname = current_database()),
            (select b.stats_reset from pg_stat_bgwriter b)
        ),
        pg_postmaster_start_time()
    )) * 1000000)::bigint as counted_since_us
