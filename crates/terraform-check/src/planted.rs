//! Faults that the check must find. Each is one change to a folder without any fault.

pub mod applied;
pub mod real;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

pub use table::FAULTS;

use crate::finding::{Finding, Findings};
use crate::rules;
use crate::schema::{self, Schemas};
use crate::source::{File, Module};

/// The files without a fault, by their path below a folder like `terraform`.
pub const FILES: &[(&str, &str)] = &[
    (
        "environments/applied/main.tf",
        include_str!("../planted/environments/applied/main.tf"),
    ),
    (
        "environments/good/main.tf",
        include_str!("../planted/environments/good/main.tf"),
    ),
    (
        "modules/edge/main.tf",
        include_str!("../planted/modules/edge/main.tf"),
    ),
    (
        "modules/good/access.tf",
        include_str!("../planted/modules/good/access.tf"),
    ),
    (
        "modules/good/database.tf",
        include_str!("../planted/modules/good/database.tf"),
    ),
    (
        "modules/good/functions.tf",
        include_str!("../planted/modules/good/functions.tf"),
    ),
    (
        "modules/good/network.tf",
        include_str!("../planted/modules/good/network.tf"),
    ),
    (
        "modules/good/outputs.tf",
        include_str!("../planted/modules/good/outputs.tf"),
    ),
    (
        "modules/good/tests/name.tftest.hcl",
        include_str!("../planted/modules/good/tests/name.tftest.hcl"),
    ),
    (
        "modules/good/variables.tf",
        include_str!("../planted/modules/good/variables.tf"),
    ),
    (
        "modules/good/versions.tf",
        include_str!("../planted/modules/good/versions.tf"),
    ),
];

/// The part of the check that must find a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// A rule of ours, the schema or the parser, by the name in the finding.
    Reading(&'static str),
    /// `terraform fmt -check`
    Format,
    /// `terraform validate`
    Validate,
    /// `terraform test`
    Test,
    /// Applying to a local AWS, by the name in the finding.
    Applying(&'static str),
}

/// One fault: in `file`, `from`, which is there once, becomes `to`.
#[derive(Debug)]
pub struct Fault {
    pub name: &'static str,
    pub file: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub found_by: FoundBy,
}

impl Fault {
    /// All files, this fault among them.
    pub fn files(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut files: Vec<(&str, String)> = FILES
            .iter()
            .map(|(path, text)| (*path, (*text).to_owned()))
            .collect();
        let found = files.iter_mut().find(|(path, _)| *path == self.file);
        let (_, text) = found.with_context(|| format!("{}: no file {}", self.name, self.file))?;
        ensure!(
            text.matches(self.from).count() == 1,
            "{}: the text to change is not there exactly once: {}",
            self.name,
            self.from
        );
        *text = text.replace(self.from, self.to);
        Ok(files)
    }
}

/// Reads files as the check reads a folder, without running Terraform.
pub fn read<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
    schemas: &Schemas,
) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Findings::default();
    let mut modules: Vec<Module> = Vec::new();
    for (path, text) in files {
        let path = Path::new(path);
        if path.extension().is_none_or(|extension| extension != "tf") {
            continue;
        }
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        let file = File::parse(path, text, &mut findings);
        match modules.iter_mut().find(|module| module.folder == folder) {
            Some(module) => module.files.extend(file),
            None => modules.push(Module {
                folder,
                files: file.into_iter().collect(),
            }),
        }
    }
    for module in &modules {
        rules::check(module, &mut findings);
        schema::check(schemas, module, &mut findings)?;
    }
    Ok(findings.sorted())
}

/// The faults that reading does not find, and whatever it finds in the files without a fault; empty if all is
/// well.
pub fn missed(schemas: &Schemas) -> anyhow::Result<Vec<String>> {
    let mut missed = Vec::new();
    for finding in read(FILES.iter().copied(), schemas)? {
        missed.push(format!("found where no fault is planted: {finding}"));
    }
    for fault in FAULTS {
        let FoundBy::Reading(rule) = fault.found_by else {
            continue;
        };
        let files = fault.files()?;
        let findings = read(files.iter().map(|(path, text)| (*path, text.as_str())), schemas)?;
        if !findings.iter().any(|finding| finding.rule == rule) {
            missed.push(format!("{} was not found by {rule}", fault.name));
        }
    }
    Ok(missed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rules::RULES;

    #[test]
    fn every_fault_changes_a_text_that_is_there_once_and_has_a_name_of_its_own() {
        for fault in FAULTS {
            fault.files().unwrap();
        }
        let names: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        assert_eq!(names.len(), FAULTS.len());
        assert!(names.len() >= 40, "{}", names.len());
    }

    #[test]
    fn every_rule_has_a_planted_fault() {
        for rule in RULES {
            assert!(
                FAULTS
                    .iter()
                    .any(|fault| fault.found_by == FoundBy::Reading(rule.name)),
                "no fault is planted for {}",
                rule.name
            );
        }
    }
}
