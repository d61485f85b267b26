//! `init`, `validate` and `test` of one folder.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, bail};
use crossover_terraform_run::{Terraform, reason};
use serde_json::Value;

use super::diagnostics;
use crate::finding::{Finding, Findings};

/// The rules of what Terraform finds.
pub const INIT: &str = "terraform init";
pub const VALIDATE: &str = "terraform validate";
pub const TEST: &str = "terraform test";
pub const FORMAT: &str = "terraform fmt";

/// What to run in a folder after `init`.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub validate: bool,
    pub test: bool,
}

/// Checks folders, several at a time, and prints a line about each. `copy` is the folder that stands for the
/// checkout; `folders` are relative to it.
pub fn check_all(
    terraform: &Terraform,
    copy: &Path,
    folders: &[&Path],
    wanted: Wanted,
    at_once: usize,
) -> anyhow::Result<Vec<Finding>> {
    let open = Mutex::new(folders.iter().copied().collect::<VecDeque<_>>());
    let work = || -> anyhow::Result<Vec<Finding>> {
        let mut found = Vec::new();
        loop {
            // A poisoned lock means that another worker has panicked, which its join reports.
            let next = open.lock().ok().and_then(|mut open| open.pop_front());
            let Some(folder) = next else { return Ok(found) };
            let since = Instant::now();
            let (findings, tests) = check(terraform, copy, folder, wanted)?;
            let verdict = if findings.is_empty() {
                "ok".to_owned()
            } else {
                format!("{} findings", findings.len())
            };
            let tests = tests
                .map(|tests| format!(", {tests} test runs"))
                .unwrap_or_default();
            eprintln!(
                "  {}: {verdict}{tests} ({:.1} s)",
                folder.display(),
                since.elapsed().as_secs_f64()
            );
            found.extend(findings);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once.max(1)).map(|_| scope.spawn(work)).collect();
        let mut found = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(of_worker) => found.extend(of_worker?),
                Err(_) => bail!("a worker of the check has panicked; see the lines above"),
            }
        }
        Ok(found)
    })
}

/// Checks one folder. Returns the findings, and the number of test runs if it has tests.
pub fn check(
    terraform: &Terraform,
    copy: &Path,
    folder: &Path,
    wanted: Wanted,
) -> anyhow::Result<(Vec<Finding>, Option<usize>)> {
    let place = copy.join(folder);
    let mut findings = Findings::default();
    let output = terraform.init(&place, &["-backend=false"])?;
    if !output.status.success() {
        findings.begin(INIT);
        findings.add((folder, 1), reason(&output));
        return Ok((findings.sorted(), None));
    }
    if wanted.validate {
        validate(terraform, copy, folder, &mut findings)?;
    }
    let mut runs = None;
    // A folder that is not valid fails every test in the same words.
    if wanted.test && findings.is_empty() && has_tests(&place)? {
        runs = Some(test(terraform, &place, folder, &mut findings)?);
    }
    Ok((findings.sorted(), runs))
}

/// `terraform validate` in a folder after `init`.
pub fn validate(
    terraform: &Terraform,
    copy: &Path,
    folder: &Path,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    findings.begin(VALIDATE);
    let output = terraform.run(&copy.join(folder), &["validate", "-json", "-no-color"])?;
    let answer: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("terraform validate in {}: {}", folder.display(), reason(&output)))?;
    let diagnostics = answer["diagnostics"].as_array();
    for diagnostic in diagnostics.into_iter().flatten() {
        // Warnings count: most name a deprecated argument.
        diagnostics::add(diagnostic, folder, findings);
    }
    Ok(())
}

/// `terraform test` in a folder after `init`; returns the number of runs that passed.
pub fn test(
    terraform: &Terraform,
    place: &Path,
    folder: &Path,
    findings: &mut Findings,
) -> anyhow::Result<usize> {
    findings.begin(TEST);
    let output = terraform.run(place, &["test", "-json", "-no-color"])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut passed = 0;
    let before = findings.len();
    for line in text.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if event["type"] == "test_summary" {
            passed = event["test_summary"]["passed"].as_u64().unwrap_or_default() as usize;
        }
        if event["diagnostic"]["severity"] == "error" {
            diagnostics::add(&event["diagnostic"], folder, findings);
        }
    }
    if !output.status.success() && findings.len() == before {
        findings.add((folder, 1), reason(&output));
    }
    Ok(passed)
}

/// Whether a folder has tests: `*.tftest.hcl` beside its files or in `tests`.
fn has_tests(place: &Path) -> anyhow::Result<bool> {
    for folder in [place.to_owned(), place.join("tests")] {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            if entry?.file_name().to_string_lossy().ends_with(".tftest.hcl") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// `terraform fmt -check` of everything below a folder of the copy. `shown` is the folder in the checkout.
pub fn format(terraform: &Terraform, place: &Path, shown: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Findings::default();
    findings.begin(FORMAT);
    let output = terraform.run(place, &["fmt", "-check", "-recursive", "-no-color"])?;
    for file in String::from_utf8_lossy(&output.stdout).lines() {
        let advice = format!(
            "not formatted; run `terraform fmt -recursive {}`",
            shown.display()
        );
        findings.add((&shown.join(file), 1), advice);
    }
    // A file that is no HCL is no name on standard output, but an error.
    if !output.status.success() && findings.is_empty() {
        findings.add((shown, 1), reason(&output));
    }
    Ok(findings.sorted())
}
