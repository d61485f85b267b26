//! How jobs are started and ended.

use super::{Rule, jobs};

/// The longest time that a job may take: GitHub's own limit.
const LONGEST: u32 = 360;
/// What may start a workflow. Others run code of strangers with the rights of this repository, or start at surprising times.
const TRIGGERS_ALLOWED: &[&str] = &[
    "push",
    "pull_request",
    "schedule",
    "workflow_call",
    "workflow_dispatch",
];

pub const TIMEOUT: Rule = Rule {
    name: "job-timeout",
    about: "every job has a timeout, in minutes",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let minutes = job.text("timeout-minutes").parse::<u32>();
            if !job.is_call() && !minutes.is_ok_and(|minutes| (1..=LONGEST).contains(&minutes)) {
                findings.add(
                    workflow.place(job.line),
                    format!("{}: write timeout-minutes, a number from 1 to {LONGEST}", job.id),
                );
            }
        }
    },
};

pub const TRIGGERS: Rule = Rule {
    name: "trigger-known",
    about: "a workflow is started by a push, a pull request, a schedule, a person or another workflow of this repository",
    check: |workflows, findings| {
        for workflow in workflows {
            for (trigger, line) in workflow.triggers() {
                if !TRIGGERS_ALLOWED.contains(&trigger) {
                    findings.add(
                        workflow.place(line),
                        format!("{trigger} is not among {}", TRIGGERS_ALLOWED.join(", ")),
                    );
                }
            }
        }
    },
};

pub const SHELL: Rule = Rule {
    name: "shell-fails-in-pipes",
    about: "scripts run in bash by name: only then does a failure inside a pipe fail the step",
    check: |workflows, findings| {
        for workflow in workflows {
            let shell = ["defaults", "run", "shell"]
                .iter()
                .try_fold(&workflow.root, |node, key| node.get(key));
            let has_scripts = workflow
                .jobs
                .iter()
                .flat_map(|job| &job.steps)
                .any(|step| step.script.is_some());
            if has_scripts && shell.and_then(|node| node.text()) != Some("bash") {
                findings.add(workflow.place(1), "write defaults: run: shell: bash");
            }
            for step in workflow.jobs.iter().flat_map(|job| &job.steps) {
                if step.node.get("shell").is_some() {
                    findings.add(
                        workflow.place(step.line),
                        "a shell of its own; the workflow's is bash",
                    );
                }
            }
        }
    },
};
