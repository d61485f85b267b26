//! What the steps have found, and the verdict.

use std::time::Duration;

use anyhow::bail;
use crossover_terraform_check::finding::Finding;

/// What the steps have found so far.
#[derive(Default)]
pub struct Results {
    pub findings: Vec<Finding>,
    /// Planted faults that were missed.
    pub missed: Vec<String>,
    /// What could not be checked on this machine, with the remedy.
    pub skipped: Vec<String>,
}

impl Results {
    /// Prints everything, sorted. An error if there is a finding, or in CI something that was not checked.
    pub fn conclude(mut self, in_ci: bool, elapsed: Duration) -> anyhow::Result<()> {
        self.findings.sort();
        for finding in &self.findings {
            eprintln!("{finding}");
        }
        for missed in &self.missed {
            eprintln!("planted: {missed}");
        }
        for skipped in &self.skipped {
            eprintln!("not checked: {skipped}");
        }
        let (found, missed) = (self.findings.len(), self.missed.len());
        if found + missed > 0 {
            bail!("{found} findings in the files, {missed} of the planted faults; mend each line above");
        }
        if in_ci && !self.skipped.is_empty() {
            bail!("part of the check could not run, which CI does not accept; see the lines \"not checked\"");
        }
        eprintln!("terraform: no finding, in {} s", elapsed.as_secs());
        Ok(())
    }
}

/// A number of findings in words.
pub fn verdict(findings: usize) -> String {
    match findings {
        0 => "ok".to_owned(),
        1 => "1 finding".to_owned(),
        several => format!("{several} findings"),
    }
}
