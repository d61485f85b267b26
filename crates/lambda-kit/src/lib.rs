//! Runs a stage as a Lambda function: configuration, tracing, the context behind the ports, error names for Step Functions.
//!
//! A program of functions is [`start`] with its registry of stages, and nothing else.

mod answer;
mod configuration;
mod contexts;
mod edge;
mod serve;
mod start;

pub use answer::StageFailure;
pub use configuration::{Configuration, ConfigurationError};
pub use start::start;
