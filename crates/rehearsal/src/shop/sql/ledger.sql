-- The writes of the load clients. The token is deliberately not unique: a write applied twice must be
-- visible, not fail.
create schema crossover_load authorization shop_owner;

create table crossover_load.entries (
    id bigint generated always as identity primary key,
    token uuid not null,
    client integer not null,
    seq bigint not null,
    amount numeric(12, 2) not null,
    order_id bigint,
    written_at timestamptz not null default clock_timestamp()
);
create index entries_token on crossover_load.entries (token);
alter table crossover_load.entries owner to shop_owner;

grant usage on schema crossover_load to shop_writer;
grant select, insert on crossover_load.entries to shop_writer;
grant usage on all sequences in schema crossover_load to shop_writer;
