//! Runs a stage as a Lambda function: configuration, tracing, the context behind the ports, error names for
//! Step Functions.
//!
//! The main function of a program calls [`start`] with its registry of stages.

mod answer;
mod configuration;
mod contexts;
mod edge;
mod engines;
mod serve;
mod start;

pub use answer::StageFailure;
pub use configuration::{Configuration, ConfigurationError};
pub use start::start;
