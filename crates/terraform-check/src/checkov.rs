//! checkov: known ways to leave a resource open, unencrypted or unwatched.
//!
//! It runs on a copy in which its comments for suppression mean nothing, so that it reports every fault; the comments are
//! applied here. Only so is a suppression seen that has no fault left to suppress.

mod planted;
mod report;
mod suppression;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use crossover_file_check::linter;

use crate::finding::{Finding, Findings};
use crate::source::Module;
use report::{Failure, Report};

pub use suppression::LIST;

/// The name in its findings.
const RULE: &str = "checkov";
/// Variables that would send something away, or change what is checked.
const DISTURBING: &[&str] = &["BC_", "CHECKOV_", "CKV_", "PRISMA_", "LOG_LEVEL"];

/// What checkov found.
#[derive(Debug)]
pub struct Outcome {
    pub findings: Vec<Finding>,
    /// Planted faults that it did not find.
    pub missed: Vec<String>,
    /// The faults for which there is a written reason.
    pub suppressed: usize,
}

/// Checks the files of modules. `folder` is theirs, and may have the list of checks that are left out; `scratch` is an empty
/// folder.
///
/// # Errors
/// checkov cannot be run, or its answer is not understood.
pub fn check(program: &Path, folder: &Path, modules: &[Module], scratch: &Path) -> anyhow::Result<Outcome> {
    let mut suppressions = suppression::of_list(folder)?;
    let scratch = scratch
        .canonicalize()
        .with_context(|| scratch.display().to_string())?;
    let files = scratch.join("files");
    let mut shown: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for file in modules.iter().flat_map(|module| &module.files) {
        // A folder outside the checkout has whole paths.
        let below: PathBuf = file.path().strip_prefix("/").unwrap_or(file.path()).into();
        suppressions.extend(suppression::of_file(file.path(), file.text()));
        write(&files.join(&below), &suppression::without(file.text()))?;
        shown.insert(below, file.path());
    }
    write(&files.join(planted::FILE), planted::TEXT)?;
    let report = run(program, &files, &scratch)?;
    let mut findings = Findings::default();
    findings.begin(RULE);
    for fault in &report.unread {
        findings.add(
            (place(&shown, fault).as_path(), 1),
            "checkov cannot read this file; a heredoc needs a delimiter of two letters or more",
        );
    }
    let (of_plants, failures): (Vec<Failure>, Vec<Failure>) = report
        .failures
        .into_iter()
        .partition(|failure| failure.file == Path::new(planted::FILE));
    let failures: Vec<Failure> = failures
        .into_iter()
        .map(|failure| Failure {
            file: place(&shown, &failure.file),
            ..failure
        })
        .collect();
    for failure in &failures {
        if !suppressions.iter().any(|one| one.is_of(failure)) {
            findings.add(
                (failure.file.as_path(), failure.first_line),
                format!("{}: {} ({})", failure.resource, failure.name, failure.check),
            );
        }
    }
    for suppression in &suppressions {
        if let Some(fault) = suppression.fault(&failures) {
            findings.add((suppression.file.as_path(), suppression.line), fault);
        }
    }
    let suppressed = failures
        .iter()
        .filter(|failure| suppressions.iter().any(|one| one.is_of(failure)))
        .count();
    Ok(Outcome {
        findings: findings.sorted(),
        missed: planted::missed(&of_plants),
        suppressed,
    })
}

/// The path of a file as it is shown.
fn place(shown: &BTreeMap<PathBuf, &Path>, below: &Path) -> PathBuf {
    shown.get(below).map_or(below, |path| *path).to_owned()
}

fn run(program: &Path, files: &Path, home: &Path) -> anyhow::Result<Report> {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if DISTURBING.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
        // Where it looks for settings of its user.
        .env("HOME", home)
        // It would ask PyPI for a newer version.
        .env("CKV_SKIP_PACKAGE_UPDATE_CHECK", "True")
        .current_dir(files)
        .args(["--directory", ".", "--framework", "terraform"])
        .args(["--output", "json", "--compact", "--skip-download"]);
    let output = linter::run(&mut command, "")?;
    report::read(&output.stdout, files).with_context(|| {
        // A Python program that breaks ends with 1 as well, and says why in its last line.
        let errors = String::from_utf8_lossy(&output.stderr);
        errors.trim().lines().last().unwrap_or_default().to_owned()
    })
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}
