//! Nothing changes production before a person has approved it.

use super::{Rule, jobs};
use crate::production::{Change, change};
use crate::script::Command;
use crate::workflow::{Job, Step, Workflow};

/// Functions in the condition of a job that let it run although a job before it failed or was refused.
const OVERRIDES: &[&str] = &["always()", "failure()", "cancelled()"];

fn changes(job: &Job) -> impl Iterator<Item = (Change, Command)> {
    job.commands()
        .filter_map(|(_, command)| Some((change(&command)?, command)))
}

fn cuts_over(job: &Job) -> bool {
    changes(job).any(|(change, _)| change == Change::Cutover)
}

pub const ENVIRONMENT: Rule = Rule {
    name: "change-behind-environment",
    about: "what changes production stands in a job of the environment whose reviewers approve it",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for (change, command) in changes(job) {
                if !job.environment().is_some_and(|name| change.may_stand_in(name)) {
                    let text = format!(
                        "{}: {} changes production; the job needs {}",
                        job.id,
                        command.words.join(" "),
                        change.place()
                    );
                    findings.add(workflow.place(command.line), text);
                }
            }
        }
    },
};

pub const PEOPLE: Rule = Rule {
    name: "change-started-by-a-person",
    about: "what changes production starts by workflow_dispatch only, never by a push, a pull request or a clock",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let only_people = workflow
                .triggers()
                .iter()
                .all(|(trigger, _)| *trigger == "workflow_dispatch");
            let asks = job
                .text("if")
                .contains("github.event_name == 'workflow_dispatch'")
                && !job.text("if").contains("||");
            if changes(job).next().is_some() && !only_people && !asks {
                let text = format!(
                    "{}: write if: github.event_name == 'workflow_dispatch', or let nothing else start the workflow",
                    job.id
                );
                findings.add(workflow.place(job.line), text);
            }
        }
    },
};

/// The step of a job before it that runs `crossover` with these words.
fn step_before<'a>(
    workflow: &'a Workflow,
    job: &Job,
    is_it: impl Fn(&Command) -> bool,
) -> Option<(&'a Step, Command)> {
    let before = job.needs().into_iter().filter_map(|id| workflow.job(id));
    before
        .flat_map(Job::commands)
        .find(|(_, command)| command.program() == "crossover" && is_it(command))
}

fn is_sub_command(command: &Command, name: &str) -> bool {
    command.arguments().first().is_some_and(|word| word == name)
}

pub const BEFORE: Rule = Rule {
    name: "checked-before-approval",
    about: "the job that cuts over needs a job that has checked the plan, run it dry, and refused where nobody must approve",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows).filter(|(_, job)| cuts_over(job)) {
            let plan = step_before(workflow, job, |command| is_sub_command(command, "plan"));
            let dry = step_before(workflow, job, |command| {
                is_sub_command(command, "run") && command.has("--dry-run")
            });
            let approvers = step_before(workflow, job, |command| {
                is_sub_command(command, "approvers") && command.value_of("--environment") == job.environment()
            });
            for (found, what) in [
                (&plan, "crossover plan"),
                (&dry, "crossover run --dry-run"),
                (
                    &approvers,
                    "crossover approvers --environment of its own environment",
                ),
            ] {
                // Skipped or forgiven, the step has proven nothing.
                let counts = found.as_ref().is_some_and(|(step, _)| {
                    matches!(step.text("if"), "" | "inputs.mode == 'execute'")
                        && step.node.get("continue-on-error").is_none()
                });
                if !counts {
                    findings.add(
                        workflow.place(job.line),
                        format!(
                            "{}: a job that it needs must run {what}, always and without mercy",
                            job.id
                        ),
                    );
                }
            }
        }
    },
};

pub const REFUSED: Rule = Rule {
    name: "refusal-stops",
    about: "a job that changes production does not run when a job before it failed, was refused or was cancelled",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let condition = job.text("if");
            let overrides = OVERRIDES.iter().any(|function| condition.contains(function));
            if changes(job).next().is_some() && (overrides || job.needs().is_empty()) {
                findings.add(
                    workflow.place(job.line),
                    format!(
                        "{}: needs must name the job before it, and if must not use {}",
                        job.id,
                        OVERRIDES.join(", ")
                    ),
                );
            }
        }
    },
};

pub const SAVED_PLAN: Rule = Rule {
    name: "apply-of-the-saved-plan",
    about: "terraform applies the plan that the reviewers saw, and destroys nothing by itself",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for (_, command) in changes(job).filter(|(change, _)| *change == Change::Terraform) {
                let is_saved = command.has("apply")
                    && command.words.last().is_some_and(|word| word.ends_with(".tfplan"))
                    && !command.words.iter().any(|word| word.starts_with("-auto-approve"));
                if !is_saved {
                    findings.add(
                        workflow.place(command.line),
                        format!(
                            "{}: {} is not terraform apply SAVED.tfplan",
                            job.id,
                            command.words.join(" ")
                        ),
                    );
                }
            }
        }
    },
};
