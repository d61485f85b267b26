//! Tests of the adapter on real servers: PostgreSQL 16 and 17 of the stand. `CROSSOVER_TEST_PG_URL` (the URL
//! of a superuser) replaces the 16 by another server, for example a 12 or an 18; run that with
//! `--test-threads=1`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod access;
mod buckets;
mod catalogue;
mod change_counters;
mod changes;
mod connection;
mod definitions;
mod fingerprint;
mod growth;
mod kinds;
mod marker;
mod own_tables;
mod remedies;
mod replication_session;
mod schema;
mod sequences;
mod side;
mod slots;
mod snapshots;
mod statistics;
mod tls;
