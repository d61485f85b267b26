//! A migration that runs on AWS, seen from outside: starts the state machines, follows them, and says where the
//! lane stands and what to do next.
//!
//! - [`config`]: `crossover.toml`, the file of one migration
//! - [`world`]: the clients of everything that the file names
//! - [`machines`], [`history`]: executions of the state machines and what their histories say
//! - [`begin`]: starts a run
//! - [`run`]: one execution, followed to its end
//! - [`standing`]: who owns writes, whether the way back is ready, what to do next
//! - [`template`]: a commented file, from what Terraform has created
//! - [`collect`]: the evidence of a run
//! - [`abort`]: ends a run before its commit
//!
//! All decisions stay in the lane and in the stages. Nothing here is needed for a run to be safe.

pub mod abort;
pub mod begin;
pub mod collect;
pub mod config;
mod error;
pub mod history;
pub mod machines;
pub mod run;
pub mod standing;
pub mod template;
pub mod world;

pub use error::{OperateError, Result};
