create table if not exists crossover.catch_up_marker (
    run_id varchar(80) not null,
    nonce varchar(80) not null,
    written_at timestamptz not null,
    position varchar(32) not null,
    constraint catch_up_marker_pkey primary key (run_id, nonce)
);
