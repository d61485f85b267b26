//! Faults that the check must find. Each is one change to the real workflows, which have none.

mod table;

use std::path::Path;

use anyhow::ensure;
use crossover_file_check::{Finding, Findings};

pub use table::FAULTS;

use crate::rules;
use crate::workflow::{FOLDER, Workflow};

/// The real workflows. A file that is not listed here fails a test.
pub const FILES: &[(&str, &str)] = &[
    ("ci.yml", include_str!("../../../.github/workflows/ci.yml")),
    (
        "command.yml",
        include_str!("../../../.github/workflows/command.yml"),
    ),
    (
        "cutover.yml",
        include_str!("../../../.github/workflows/cutover.yml"),
    ),
    (
        "complete.yml",
        include_str!("../../../.github/workflows/complete.yml"),
    ),
    (
        "deploy.yml",
        include_str!("../../../.github/workflows/deploy.yml"),
    ),
    (
        "nightly.yml",
        include_str!("../../../.github/workflows/nightly.yml"),
    ),
    (
        "release.yml",
        include_str!("../../../.github/workflows/release.yml"),
    ),
    (
        "rollback.yml",
        include_str!("../../../.github/workflows/rollback.yml"),
    ),
];

/// One fault: in `file`, `from`, which is there once, becomes `to`; the rule must find it.
#[derive(Debug)]
pub struct Fault {
    pub rule: &'static str,
    pub name: &'static str,
    pub file: &'static str,
    pub from: &'static str,
    pub to: &'static str,
}

impl Fault {
    /// All files, this fault among them.
    pub fn files(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut changed = 0;
        let files = FILES.iter().map(|(name, text)| {
            if *name != self.file {
                return (*name, (*text).to_owned());
            }
            changed += text.matches(self.from).count();
            (*name, text.replace(self.from, self.to))
        });
        let files = files.collect();
        ensure!(
            changed == 1,
            "{}: the text to change is there {changed} times and not once: {}",
            self.name,
            self.from
        );
        Ok(files)
    }
}

/// Applies our rules to workflows, by name and text.
pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let parsed = files
        .into_iter()
        .map(|(name, text)| (Path::new(FOLDER).join(name), text));
    let workflows: Vec<Workflow> = parsed
        .filter_map(|(path, text)| Workflow::parse(&path, text, &mut findings))
        .collect();
    rules::check(&workflows, &mut findings);
    findings.sorted()
}

/// The faults that the rules do not find, and whatever they find in the files without a fault; empty if all is
/// well.
pub fn missed() -> anyhow::Result<Vec<String>> {
    let mut missed = Vec::new();
    for finding in read(FILES.iter().copied()) {
        missed.push(format!("found where no fault is planted: {finding}"));
    }
    for fault in FAULTS {
        let files = fault.files()?;
        let findings = read(files.iter().map(|(name, text)| (*name, text.as_str())));
        if !findings.iter().any(|finding| finding.rule == fault.rule) {
            missed.push(format!("{} was not found by {}", fault.name, fault.rule));
        }
    }
    Ok(missed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::rules::RULES;

    #[test]
    fn every_planted_fault_is_found_and_the_real_workflows_have_none() {
        let missed = missed().unwrap();
        assert!(missed.is_empty(), "\n{}", missed.join("\n"));
    }

    #[test]
    fn every_rule_has_a_planted_fault_and_every_fault_a_name_of_its_own() {
        for rule in RULES {
            assert!(
                FAULTS.iter().any(|fault| fault.rule == rule.name),
                "no fault is planted for {}",
                rule.name
            );
        }
        let names: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        assert_eq!(names.len(), FAULTS.len());
        assert!(names.len() >= 40, "{}", names.len());
    }

    #[test]
    fn every_workflow_of_this_checkout_is_listed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(FOLDER);
        let there: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        let listed: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, there);
    }
}
