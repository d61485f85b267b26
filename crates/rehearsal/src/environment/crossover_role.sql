-- The privileges of Crossover's own role on each side. The role is not a superuser: on Aurora and RDS that is
-- impossible. The role is created with LOGIN REPLICATION CREATEROLE BYPASSRLS: without BYPASSRLS tables with
-- row-level security cannot be compared (pre-check PG35).
do $grants$
declare
    name text;
begin
    -- The lock revokes and grants CONNECT: only the database's owner may.
    execute format('alter database %I owner to crossover', current_database());
    execute format('grant create on database %I to crossover', current_database());
    -- The lock changes LOGIN of roles: CREATEROLE and ADMIN OPTION on each. Not inherited, so the role gains none of their privileges.
    for name in select rolname from pg_roles where rolname !~ '^pg_' and not rolsuper and rolname <> 'crossover' loop
        execute format('grant %I to crossover with admin option', name);
        if current_setting('server_version_num')::int >= 160000 then
            execute format('grant %I to crossover with inherit false, set false', name);
        end if;
    end loop;
    -- Functions and DO blocks of the role. A hardened database has revoked the language from PUBLIC.
    grant usage on language plpgsql to crossover;
    -- To end sessions, see their activity, read rows for the comparison, set sequences.
    grant pg_signal_backend, pg_monitor, pg_read_all_data to crossover;
    for name in select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'crossover') loop
        execute format('grant usage on schema %I to crossover', name);
        execute format('grant select, update on all sequences in schema %I to crossover', name);
    end loop;
end
$grants$;
