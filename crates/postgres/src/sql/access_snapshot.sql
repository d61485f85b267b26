-- "create schema if not exists" requires the right to create schemas even if the schema exists.
do $own$ begin
    if to_regnamespace('crossover') is null then
        create schema crossover;
        revoke all on schema crossover from public;
    end if;
end $own$;
create table if not exists crossover.access_snapshot (
    nonce varchar(80) not null,
    run_id varchar(80) not null,
    recorded_at timestamptz not null,
    body text not null,
    constraint access_snapshot_pkey primary key (nonce)
);
