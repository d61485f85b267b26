select current_setting('server_version_num')::bigint as version_num,
    current_setting('wal_level') as wal_level,
    current_setting('max_replication_slots')::bigint as max_replication_slots,
    (select count(*) from pg_replication_slots) as used_replication_slots,
    current_setting('max_wal_senders')::bigint as max_wal_senders,
    (select count(*) from pg_stat_get_wal_senders()) as used_wal_senders,
    pg_is_in_recovery() as in_recovery
