//! What the steps have found, and the verdict.

use std::time::Duration;

use anyhow::bail;

use crate::Finding;

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
    /// Adds those of a step that ran by itself.
    pub fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.missed.extend(other.missed);
        self.skipped.extend(other.skipped);
    }

    /// Prints everything, sorted.
    pub fn print(&mut self) {
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
    }

    /// Prints everything and the verdict on `subject`. An error if there is a finding, or in CI something that was
    /// not checked.
    pub fn conclude(mut self, subject: &str, in_ci: bool, elapsed: Duration) -> anyhow::Result<()> {
        self.print();
        let (found, missed) = (self.findings.len(), self.missed.len());
        if found + missed > 0 {
            bail!("{found} findings in the files, {missed} of the planted faults; mend each line above");
        }
        if in_ci && !self.skipped.is_empty() {
            bail!("part of the check could not run, which CI does not accept; see the lines \"not checked\"");
        }
        eprintln!("{subject}: no finding, in {} s", elapsed.as_secs());
        Ok(())
    }
}

/// Whether this is CI, where a check that could not run is a failure.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// A number of findings in words.
pub fn verdict(findings: usize) -> String {
    match findings {
        0 => "ok".to_owned(),
        1 => "1 finding".to_owned(),
        several => format!("{several} findings"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_a_missed_fault_and_in_ci_a_part_that_could_not_run_are_failures() {
        let conclude = |results: Results, in_ci| results.conclude("files", in_ci, Duration::ZERO);
        assert!(conclude(Results::default(), true).is_ok());
        let skipped = || Results {
            skipped: vec!["no program".to_owned()],
            ..Results::default()
        };
        assert!(conclude(skipped(), false).is_ok());
        assert!(conclude(skipped(), true).is_err());
        let missed = Results {
            missed: vec!["a fault".to_owned()],
            ..Results::default()
        };
        assert!(conclude(missed, false).is_err());
        let found = Results {
            findings: vec![Finding {
                file: "a".into(),
                line: 1,
                rule: "rule",
                text: "wrong".to_owned(),
            }],
            ..Results::default()
        };
        assert!(conclude(found, false).is_err());
    }
}
