//! Runs a stage as a Lambda function: configuration, tracing, the world behind the ports, error names for Step Functions.
//!
//! A function's `main` is `serve(Stage)` and nothing else.

mod answer;
mod configuration;
mod edge;
mod serve;
mod worlds;

pub use answer::StageFailure;
pub use configuration::{Configuration, ConfigurationError};
pub use serve::serve;
