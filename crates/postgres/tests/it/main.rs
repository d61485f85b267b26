//! The adapter on real servers: PostgreSQL 16 and 17 of the stand. `CROSSOVER_TEST_PG_URL` (a superuser's URL) puts another
//! server, say a 12 or an 18, in the place of the 16; run that with `--test-threads=1`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails fails its test"
)]

mod access;
mod catalogue;
mod change_counters;
mod changes;
mod connection;
mod definitions;
mod fingerprint;
mod marker;
mod schema;
mod sequences;
mod side;
mod slots;
mod snapshots;
mod statistics;
mod tls;
