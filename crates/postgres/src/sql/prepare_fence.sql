create table if not exists crossover.fence (
    run_id varchar(80) not null,
    nonce varchar(80) not null,
    raised_at timestamptz not null,
    position varchar(32) not null,
    constraint fence_pkey primary key (run_id, nonce)
);
