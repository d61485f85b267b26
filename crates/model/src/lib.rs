//! The cutover as a model that is searched exhaustively: lane, write barrier, two databases, replication, clients and
//! orchestrators, with crashes, lost and late answers.
//!
//! The lane's record changes by [`crossover_routing::LaneRecord::apply`], isolates decide by
//! [`crossover_routing::decide()`], and the barrier is [`crossover_routing::Barrier`]: the model has no rule of its own
//! for them. What it copies is their surroundings: the order of the stages' steps, the isolate's guard, what a database
//! lets in. Each [`Mutation`] is a fault in these surroundings that the properties must find.
//!
//! docs/model.md says what is modelled and what is not, and how to read a counterexample.

mod cutover;
mod databases;
mod edge;
mod orchestrator;
pub mod properties;
mod scope;
mod state;
mod story;

pub use cutover::{Action, Cutover};
pub use orchestrator::Stage;
pub use scope::{Mutation, Scope};
pub use state::State;
pub use story::{Story, story};
