//! The database ports for PostgreSQL 12 to 18 and Aurora PostgreSQL.
//!
//! Crossover's role needs no superuser. It needs: ownership of the database (or membership in its owner),
//! CREATEROLE and, since PostgreSQL 16, the ADMIN option on every writer role; `pg_monitor` and
//! `pg_signal_backend`; SELECT on every table in scope, SELECT and UPDATE on every sequence; BYPASSRLS where
//! a table has row-level security; USAGE on the language plpgsql where PUBLIC lacks it; and REPLICATION
//! (`rds_replication` on AWS) for slots.

mod access;
mod catalogue;
mod catalogue_session;
mod change_counters;
mod changes;
mod connection;
mod definition;
mod errors;
mod fingerprint;
mod kept;
pub mod kinds;
mod locale;
mod lsn;
mod marker;
mod own_tables;
mod pool;
mod quoting;
mod reader;
mod remedies;
mod repair;
mod replica_identity;
mod rows;
mod sequences;
mod server;
mod sessions;
mod settings;
mod slots;
mod tls;

pub use connection::PostgresDatabase;
pub use lsn::LogPositions;
pub use remedies::SqlRemedies;
pub use replica_identity::identity_sql;
pub use rows::hash_sql;
pub use settings::{ConnectionSettings, SslMode};

/// The engine's name in a plan.
pub const ENGINE: &str = "postgresql";
