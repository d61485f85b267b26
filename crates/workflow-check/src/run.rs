//! The steps of the check, in order.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::ensure;
use crossover_file_check::Findings;
use crossover_file_check::results::{Results, verdict};
use crossover_stand::Lines;
use crossover_stand::parts::{Set, ensure as ensure_parts};
use crossover_workflow_check::workflow::{FOLDER, workflows};
use crossover_workflow_check::{planted, rules, tools};

use super::Step;

pub struct Options {
    /// The folder that holds the linters.
    pub parts: PathBuf,
    /// The checkout whose workflows are checked.
    pub root: PathBuf,
    /// All steps, if empty.
    pub only: Vec<Step>,
    /// Whether a step that cannot run is a failure.
    pub in_ci: bool,
}

impl Options {
    fn wants(&self, step: Step) -> bool {
        self.only.is_empty() || self.only.contains(&step)
    }
}

/// Runs the steps; all findings are printed at the end, sorted.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let since = Instant::now();
    let mut results = Results::default();
    let mut syntax = Findings::default();
    let workflows = workflows(&options.root, &mut syntax)?;
    results.findings.extend(syntax.sorted());
    ensure!(
        !workflows.is_empty() || !results.findings.is_empty(),
        "{} has no workflow in {FOLDER}; give another folder by --root",
        options.root.display()
    );
    let jobs: usize = workflows.iter().map(|workflow| workflow.jobs.len()).sum();
    eprintln!("{} workflows with {jobs} jobs", workflows.len());
    if options.wants(Step::Rules) {
        let mut findings = Findings::default();
        rules::check(&workflows, &mut findings);
        eprintln!(
            "rules: {} of ours, {}",
            rules::RULES.len(),
            verdict(findings.len())
        );
        results.findings.extend(findings.sorted());
    }
    if options.wants(Step::Planted) {
        let missed = planted::missed()?;
        eprintln!(
            "planted: {} faults, {}",
            planted::FAULTS.len(),
            verdict(missed.len())
        );
        results.missed.extend(missed);
    }
    if options.wants(Step::Tools) {
        match ensure_parts(&options.parts, Set::Workflows, &Lines).await {
            Ok(parts) => {
                let mut findings = Findings::default();
                tools::check(&parts, &options.root, &workflows, &mut findings)?;
                eprintln!("actionlint, zizmor and shellcheck: {}", verdict(findings.len()));
                results.findings.extend(findings.sorted());
            }
            Err(error) => results.skipped.push(format!(
                "nothing was checked by actionlint, zizmor and shellcheck: {error}"
            )),
        }
    }
    results.conclude("workflows", options.in_ci, since.elapsed())
}
