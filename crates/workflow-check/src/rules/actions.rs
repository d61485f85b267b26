//! Actions of others: which code runs in a job.

use std::collections::BTreeMap;

use super::{Rule, jobs};
use crate::workflow::Workflow;

const CHECKOUT_ACTION: &str = "actions/checkout";

/// What `uses` says, with its line: of steps, and of jobs that are other workflows.
fn all_uses(workflow: &Workflow) -> Vec<(&str, usize)> {
    let of_jobs = workflow.jobs.iter().map(|job| &job.node);
    let of_steps = workflow
        .jobs
        .iter()
        .flat_map(|job| &job.steps)
        .map(|step| &step.node);
    let entries = of_jobs.chain(of_steps).filter_map(|node| node.get("uses"));
    entries
        .filter_map(|node| Some((node.text()?, node.line)))
        .collect()
}

/// The version in the comment behind a pin: `uses: owner/name@... # v1.2.3`.
fn version(line: &str) -> Option<&str> {
    let (_, comment) = line.split_once(" # ")?;
    let comment = comment.trim();
    let numbers = comment.strip_prefix('v')?;
    let is_whole =
        numbers.split('.').count() == 3 && numbers.split('.').all(|part| part.parse::<u32>().is_ok());
    is_whole.then_some(comment)
}

fn is_commit(text: &str) -> bool {
    text.len() == 40
        && text
            .chars()
            .all(|one| one.is_ascii_digit() || ('a'..='f').contains(&one))
}

pub const PINNED: Rule = Rule {
    name: "action-pinned",
    about: "an action is named by its whole commit, with its version in a comment: a tag can be moved to other code",
    check: |workflows, findings| {
        for workflow in workflows {
            for (uses, line) in all_uses(workflow) {
                if uses.starts_with("./") {
                    continue;
                }
                let pin = uses.split_once('@').map(|(_, pin)| pin);
                if !pin.is_some_and(is_commit) {
                    findings.add(
                        workflow.place(line),
                        format!("{uses} is not pinned; write @ and the 40 digits of the commit"),
                    );
                } else if version(workflow.line(line)).is_none() {
                    findings.add(
                        workflow.place(line),
                        format!("{uses}: name the version of this commit behind it, as in # v1.2.3"),
                    );
                }
            }
        }
    },
};

pub const AGREE: Rule = Rule {
    name: "action-pins-agree",
    about: "an action has the same commit and version in all workflows",
    check: |workflows, findings| {
        let mut first: BTreeMap<&str, (&str, Option<&str>)> = BTreeMap::new();
        for workflow in workflows {
            for (uses, line) in all_uses(workflow) {
                let Some((action, pin)) = uses.split_once('@') else {
                    continue;
                };
                let here = (pin, version(workflow.line(line)));
                let known = *first.entry(action).or_insert(here);
                if known != here {
                    findings.add(
                        workflow.place(line),
                        format!("{action} has another commit or version elsewhere ({})", known.0),
                    );
                }
            }
        }
    },
};

pub const CHECKOUT: Rule = Rule {
    name: "checkout-without-token",
    about: "a checkout leaves no token in the folder, where every later step could read it",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for step in &job.steps {
                if step.action() == Some(CHECKOUT_ACTION) && step.input("persist-credentials") != "false" {
                    findings.add(
                        workflow.place(step.line),
                        "write persist-credentials: false under with",
                    );
                }
            }
        }
    },
};
