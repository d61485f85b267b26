//! The checks of `.github/workflows`. [`rules`] reads the files alone; [`tools`] runs the linters of others.

pub mod commands;
pub mod planted;
pub mod production;
pub mod rules;
pub mod script;
pub mod tools;
pub mod workflow;
pub mod yaml;
