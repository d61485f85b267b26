-- Sessions of clients on the whole server, and how many roles without special rights may open.
select (select count(*) from pg_stat_activity 
        where usesysid is not null and coalesce(backend_type, 'client backend') = 'client backend') as sessions,
    current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
        as most_sessions
