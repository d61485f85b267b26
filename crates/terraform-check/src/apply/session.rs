//! The commands on one folder against the local AWS, and what is found with each.

use std::path::PathBuf;
use std::time::Duration;

use crossover_terraform_run::folder::{Ended, Folder};
use crossover_terraform_run::{reason, state::resources};
use serde_json::Value;

use super::changes::{Change, changes};
use super::environment::Environment;
use super::exceptions::{self, judge};
use super::local_aws::LocalAws;
use super::{AGAIN, APPLY, DESTROY, GROWTH};
use crate::finding::Findings;
use crate::terraform::diagnostics;
use crate::terraform::root::INIT;

const PLAN: &str = "again.tfplan";
const GROWN_PLAN: &str = "grown.tfplan";
const VARIABLES: &str = "applied.tfvars.json";
const GROWN_VARIABLES: &str = "grown.tfvars.json";

/// One folder, in a copy.
pub struct Session<'a> {
    pub folder: Folder<'a>,
    pub aws: &'a LocalAws,
    /// The folder in the checkout, for findings.
    pub shown: PathBuf,
    /// Whether lines about the progress are printed.
    pub speaks: bool,
}

impl Session<'_> {
    /// `terraform init`; false if it fails.
    pub fn init(&self, findings: &mut Findings) -> anyhow::Result<bool> {
        self.folder.keep_state_here()?;
        let output = self
            .folder
            .terraform
            .init(&self.folder.place, &["-reconfigure"])?;
        findings.begin(INIT);
        if !output.status.success() {
            findings.add((&self.shown, 1), reason(&output));
        }
        Ok(output.status.success())
    }

    /// `terraform apply`; false if it fails.
    pub async fn apply(&self, environment: &Environment, findings: &mut Findings) -> anyhow::Result<bool> {
        findings.begin(APPLY);
        self.folder.write(VARIABLES, &environment.variables.to_string())?;
        let arguments = ["apply", "-auto-approve", "-input=false", "-json"];
        self.run("apply", &arguments, VARIABLES, findings).await
    }

    /// A second plan, which must want nothing.
    pub async fn again(&self, environment: &Environment, findings: &mut Findings) -> anyhow::Result<()> {
        findings.begin(AGAIN);
        let Some(wanted) = self.plan("second plan", PLAN, VARIABLES, findings).await? else {
            return Ok(());
        };
        let lines = judge(&wanted, environment.exceptions);
        if self.speaks {
            let excused = wanted
                .iter()
                .filter(|change| exceptions::excuse(change, environment.exceptions));
            let (all, excused) = (wanted.len(), excused.count());
            eprintln!("  second plan: {all} changes, of which {excused} are exceptions:");
            for exception in environment.exceptions {
                eprintln!("    {exception}");
            }
        }
        for line in lines {
            findings.add((&self.shown, 1), line);
        }
        Ok(())
    }

    /// A plan with one more of everything, which must not touch what exists.
    pub async fn grow(&self, environment: &Environment, findings: &mut Findings) -> anyhow::Result<()> {
        findings.begin(GROWTH);
        let mut variables = environment.variables.clone();
        if let (Some(all), Some(more)) = (variables.as_object_mut(), environment.grown.as_object()) {
            all.extend(more.clone());
        }
        self.folder.write(GROWN_VARIABLES, &variables.to_string())?;
        let Some(wanted) = self.plan("growth", GROWN_PLAN, GROWN_VARIABLES, findings).await? else {
            return Ok(());
        };
        let new = wanted.iter().filter(|change| !change.touches()).count();
        if new == 0 {
            let text = "one more of everything creates nothing: correct the variables of the check";
            findings.add((&self.shown, 1), text);
        }
        // What the local AWS forgets is the matter of the second plan.
        let may = |change: &Change| {
            let lists = environment.lists.iter().any(|(kind, _)| *kind == change.kind);
            change.kind == "output" || lists || exceptions::excuse(change, environment.exceptions)
        };
        let touched: Vec<&Change> = wanted
            .iter()
            .filter(|change| change.touches() && !may(change))
            .collect();
        for change in &touched {
            let text = format!("one more of everything changes what exists: {change}");
            findings.add((&self.shown, 1), text);
        }
        if self.speaks {
            let touched = touched.len();
            eprintln!("  growth: {new} new resources, {touched} changes to those that exist");
        }
        Ok(())
    }

    /// `terraform destroy`, after which only that is left in DMS which was there before.
    pub async fn destroy(&self, before: &[String], findings: &mut Findings) -> anyhow::Result<()> {
        findings.begin(DESTROY);
        let arguments = ["destroy", "-auto-approve", "-input=false", "-json"];
        if !self.run("destroy", &arguments, VARIABLES, findings).await? {
            return Ok(());
        }
        let state = self.folder.show(&[]).await?;
        let mut left: Vec<String> = resources(&state).into_iter().map(|one| one.address).collect();
        let in_dms = self.aws.in_dms().await;
        left.extend(in_dms.into_iter().filter(|arn| !before.contains(arn)));
        if !left.is_empty() {
            let text = format!("left after the destroy: {}", left.join(", "));
            findings.add((&self.shown, 1), text);
        }
        Ok(())
    }

    /// The types of the resources in the state, each once.
    pub async fn kinds(&self) -> anyhow::Result<Vec<String>> {
        let state: Value = self.folder.show(&[]).await?;
        let mut kinds: Vec<String> = resources(&state).into_iter().map(|one| one.kind).collect();
        kinds.sort();
        kinds.dedup();
        Ok(kinds)
    }

    /// The changes that a plan wants; none if it fails.
    async fn plan(
        &self,
        what: &str,
        plan: &str,
        variables: &str,
        findings: &mut Findings,
    ) -> anyhow::Result<Option<Vec<Change>>> {
        let out = format!("-out={plan}");
        let arguments = ["plan", "-input=false", "-json", &out];
        if !self.run(what, &arguments, variables, findings).await? {
            return Ok(None);
        }
        Ok(Some(changes(&self.folder.show(&[plan]).await?)))
    }

    /// Runs a command that reports events. Its errors are findings; so is a command that hangs.
    async fn run(
        &self,
        what: &str,
        arguments: &[&str],
        variables: &str,
        findings: &mut Findings,
    ) -> anyhow::Result<bool> {
        let file = format!("-var-file={variables}");
        let mut arguments = arguments.to_vec();
        arguments.push(&file);
        let speak = |done: usize, all: usize, elapsed: Duration| {
            let seconds = elapsed.as_secs();
            match all {
                _ if !self.speaks => {}
                0 => eprintln!("  {what}: reads what there is ({seconds} s)"),
                all => eprintln!("  {what}: {done} of {all} resources ({seconds} s)"),
            }
        };
        let ended = self.folder.run(&arguments, speak).await?;
        self.add(&ended, findings);
        if self.speaks {
            let done = match ended.events.done_of() {
                (0, _) => String::new(),
                (done, _) => format!(", {done} resources"),
            };
            let verdict = if ended.success { "ok" } else { "failed" };
            eprintln!("  {what}: {verdict}{done} ({:.0} s)", ended.elapsed.as_secs_f64());
        }
        Ok(ended.success)
    }

    /// The errors of a command, at their places in the files where they have one.
    fn add(&self, ended: &Ended, findings: &mut Findings) {
        let before = findings.len();
        for error in ended.events.errors() {
            diagnostics::add(error, &self.shown, findings);
        }
        if findings.len() == before || ended.hung {
            for fault in ended.faults() {
                findings.add((&self.shown, 1), fault);
            }
        }
    }
}
