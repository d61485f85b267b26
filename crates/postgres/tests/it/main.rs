//! The adapter on real servers: PostgreSQL 16 and 17 of the stand, or the server that `CROSSOVER_TEST_PG_URL` names.

mod access;
mod connection;
mod fence;
mod fingerprint;
mod catalogue;
mod rows;
mod sequences;
mod side;
mod slots;
