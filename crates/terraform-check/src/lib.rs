//! The checks of the folder `terraform`. [`rules`] and [`schema`] read the files alone; [`checkov`] and [`terraform`] run
//! programs on a copy; [`apply`] applies an environment to a local AWS.

pub mod apply;
pub mod block;
pub mod checkov;
pub mod planted;
pub mod policy;
pub mod rules;
pub mod schema;
pub mod source;
pub mod terraform;

pub use crossover_file_check as finding;
