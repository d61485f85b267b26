//! A failure is told, and what happened is kept.

use super::{Rule, jobs, rights::CREDENTIALS};
use crate::production::change;
use crate::workflow::{Job, Step};

const UPLOAD: &str = "actions/upload-artifact";
/// Sub-commands whose failure somebody must hear of although they change nothing.
const WATCHED: &[&str] = &["run", "verify"];

/// The last step that changes production, or whose failure matters otherwise.
fn last_watched(job: &Job) -> Option<usize> {
    job.steps.iter().rposition(|step| {
        step.commands().iter().any(|command| {
            let first = command.arguments().first().map_or("", String::as_str);
            change(command).is_some() || (command.program() == "crossover" && WATCHED.contains(&first))
        })
    })
}

fn calls(step: &Step, words: [&str; 2]) -> bool {
    step.commands().iter().any(|command| {
        let first = command.arguments().first().map_or("", String::as_str);
        [command.program(), first] == words
    })
}

fn collects_evidence(step: &Step) -> bool {
    calls(step, ["crossover", "evidence"]) && step.commands().iter().any(|command| command.has("--out"))
}

pub const NOTICE: Rule = Rule {
    name: "failure-notified",
    about: "after a step whose failure matters, a step for failures publishes a notice; the role for it is taken before any script",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let Some(last) = last_watched(job) else {
                continue;
            };
            let place = workflow.place(job.steps[last].line);
            let told = job.steps[last + 1..]
                .iter()
                .any(|step| calls(step, ["aws", "sns"]) && step.text("if").contains("failure()"));
            if !told {
                findings.add(
                    place,
                    format!(
                        "{}: add a step behind it with if: failure() that runs aws sns publish",
                        job.id
                    ),
                );
                continue;
            }
            // Whatever fails before the role is taken, fails in silence.
            let first = |is_it: fn(&Step) -> bool| job.steps.iter().position(is_it);
            let role = first(|step| step.action() == Some(CREDENTIALS));
            if role.is_none() || role > first(|step| step.script.is_some()) {
                findings.add(
                    place,
                    format!(
                        "{}: take the role before the first script, so that a failure of every script is told",
                        job.id
                    ),
                );
            }
        }
    },
};

/// The sub-commands that work on a lane.
const RUNS: [&str; 3] = ["run", "rollback", "complete"];

pub const EVIDENCE: Rule = Rule {
    name: "outcome-kept",
    about: "what such a step produced is uploaded whatever its end; of a run it is the evidence",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let Some(last) = last_watched(job) else {
                continue;
            };
            let place = workflow.place(job.steps[last].line);
            // The evidence is collected first and uploaded then.
            let mut after = job.steps[last + 1..]
                .iter()
                .filter(|step| step.text("if").contains("always()"));
            let runs_a_lane = job
                .steps
                .iter()
                .any(|step| RUNS.iter().any(|run| calls(step, ["crossover", run])));
            if runs_a_lane && !after.by_ref().any(collects_evidence) {
                findings.add(
                    place,
                    format!(
                        "{}: add a step with if: always() that runs crossover evidence --out",
                        job.id
                    ),
                );
            } else if !after.any(|step| step.action() == Some(UPLOAD)) {
                findings.add(
                    place,
                    format!(
                        "{}: add a step with if: always() that uploads the outcome",
                        job.id
                    ),
                );
            }
        }
    },
};

pub const HIDDEN: Rule = Rule {
    name: "failure-not-hidden",
    about: "no step or job goes on after an error as if nothing had happened",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let nodes = job.steps.iter().map(|step| &step.node).chain([&job.node]);
            for entry in nodes.filter_map(|node| node.entry("continue-on-error")) {
                findings.add(
                    workflow.place(entry.line),
                    format!(
                        "{}: take continue-on-error out; handle the error in the script",
                        job.id
                    ),
                );
            }
            for (_, command) in job.commands() {
                let program = command.program();
                if (program == "set" && command.has("+e")) || matches!(program, "true" | ":") {
                    findings.add(
                        workflow.place(command.line),
                        format!("{}: {} hides an error", job.id, command.words.join(" ")),
                    );
                }
            }
        }
    },
};
