//! An in-memory simulation of the system that the stages work on, with scripted faults and the rules (laws)
//! that every stage must obey.
//!
//! The simulation is stateful; no answer is scripted. The two databases lock, keep a log and hand out ids.
//! The change stream replicates what was written. The lane is the real
//! [`crossover_core::routing::LaneRecord`]. Clients write all the time, some of them without asking the edge.
//! The invariants are checked after every port call ([`watch`]); a violation is recorded with the name of the
//! call after which it was found.
//!
//! Time is virtual, in milliseconds: it advances with every call, and jumps to the next timer when all
//! processes wait. No test sleeps.

#![allow(
    clippy::expect_used,
    clippy::missing_errors_doc,
    reason = "a test kit fails its test by panicking"
)]

pub mod asl;
pub mod database;
pub mod defect;
pub mod executor;
pub mod faults;
pub mod lasting_state;
pub mod laws;
pub mod ports;
pub mod scenario;
pub mod stage;
pub mod state;
pub mod stream;
pub mod traffic;
pub mod watch;

pub use asl::{Ending, Machine};
pub use defect::Defect;
pub use faults::{Fault, Scripted};
pub use lasting_state::LastingState;
pub use scenario::Scenario;
pub use stage::Failure;
pub use state::Shared;
