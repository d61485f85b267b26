//! What a check was asked for.

use std::path::PathBuf;

use super::Step;

pub struct Options {
    /// The folder that holds the schemas and checkov.
    pub parts: PathBuf,
    pub root: PathBuf,
    pub folder: PathBuf,
    /// All steps, if empty.
    pub only: Vec<Step>,
    pub jobs: usize,
    /// Whether a step that cannot run is a failure.
    pub in_ci: bool,
}

impl Options {
    pub fn wants(&self, step: Step) -> bool {
        self.only.is_empty() || self.only.contains(&step)
    }
}
