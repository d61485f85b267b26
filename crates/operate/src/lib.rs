//! A migration that runs on AWS, seen from outside: starts the state machines, follows them, and says where the
//! lane stands and what to do next.
//!
//! - [`config`]: `crossover.toml`, the file of one migration; [`template`]: such a file from what Terraform has created
//! - [`clients`]: the clients of everything that the file names; [`references`]: whether all of it can be used
//! - [`prepare`]: Crossover's own tables in a database, before its first run
//! - [`machines`], [`history`]: executions of the state machines and what their histories say; [`states`]: the states known
//!   by name
//! - [`kind`]: what runs there are; [`begin`]: starts a run; [`follow`]: follows it to its end; [`run`]: what is known of it
//! - [`approval`]: the approval of a run that waits for it
//! - [`abort`]: ends a run before its commit
//! - [`edge`]: the lane at the edge, with its traffic; [`directory`]: the directory of all lanes, read, compared, published
//! - [`status`]: who owns writes, whether reverse replication runs, what to do next
//! - [`collect`]: the evidence of a run
//!
//! All decisions stay in the lane and in the stages. Nothing here is needed for a run to be safe.

pub mod abort;
pub mod approval;
pub mod begin;
pub mod clients;
pub mod collect;
pub mod config;
pub mod directory;
pub mod edge;
mod error;
pub mod follow;
pub mod history;
pub mod kind;
pub mod machines;
pub mod prepare;
pub mod references;
pub mod run;
pub mod sdk;
pub mod states;
pub mod status;
pub mod template;

pub use error::{OperateError, Result};
