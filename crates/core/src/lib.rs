//! The rules of a migration, without any I/O: the plan, the contract of stages, the errors with their
//! remedies, and the ports through which a stage reaches databases, replication, the lane, metrics and the
//! journal.
//!
//! This crate depends on no async runtime, AWS SDK or database driver (`cargo xtask check-layers` proves it),
//! so that every rule in it can be tested without a server and every adapter can be replaced.

pub mod catalogue;
pub mod catch_up;
pub mod context;
pub mod direction;
pub mod dry_run;
pub mod error;
pub mod explanation;
pub mod finding;
pub mod invocation;
pub mod plan;
pub mod polling;
pub mod ports;
pub mod position;
pub mod registry;
pub mod rows;
pub mod schema;
pub mod secret;
pub mod stage;
pub mod stream;
pub mod writers;

pub use context::StageContext;
pub use crossover_routing as routing;
pub use crossover_routing::{FractionalMillis, Millis, UnixMillis};
pub use direction::Direction;
pub use error::{ErrorName, StageError};
pub use invocation::Invocation;
pub use plan::Plan;
pub use position::Position;
pub use registry::Registry;
pub use secret::Secret;
pub use stage::{AnyStage, Stage, StageName};
pub use stream::Stream;
