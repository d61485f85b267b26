//! A working system in memory for the stages, with scripted faults and the laws every stage must obey.
//!
//! Nothing here is an expectation: the two databases lock, log and hand out ids, the change stream carries what was
//! written, the lane is the real [`crossover_core::routing::LaneRecord`], and clients write all the time, some of them past the edge. After
//! every port call the system is looked at ([`watch`]); what breaks an invariant is remembered with the call that did it.
//!
//! Time is virtual: it moves with every call, and jumps to the next timer when everybody waits. Nothing sleeps.

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
