-- What Crossover's own role needs on each side. It is no superuser: on Aurora and RDS it cannot be one. The role itself is made with
-- LOGIN REPLICATION CREATEROLE BYPASSRLS: without the last one tables with row-level security cannot be compared (pre-check PG35).
do $grants$
declare
    name text;
begin
    -- The lock takes CONNECT away and gives it back: only the database's owner may.
    execute format('alter database %I owner to crossover', current_database());
    execute format('grant create on database %I to crossover', current_database());
    -- The lock changes LOGIN of roles: CREATEROLE and ADMIN OPTION on each. Not inherited, so it gains none of their rights.
    for name in select rolname from pg_roles where rolname !~ '^pg_' and not rolsuper and rolname <> 'crossover' loop
        execute format('grant %I to crossover with admin option', name);
        if current_setting('server_version_num')::int >= 160000 then
            execute format('grant %I to crossover with inherit false, set false', name);
        end if;
    end loop;
    -- Its own functions and its DO blocks. A hardened database has taken the language from PUBLIC.
    grant usage on language plpgsql to crossover;
    -- Ending sessions, seeing what they do, reading rows for the comparison, moving sequences.
    grant pg_signal_backend, pg_monitor, pg_read_all_data to crossover;
    for name in select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'crossover') loop
        execute format('grant usage on schema %I to crossover', name);
        execute format('grant select, update on all sequences in schema %I to crossover', name);
    end loop;
end
$grants$;
