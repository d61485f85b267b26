//! What a job may do: rights of its token, and the roles of AWS that it takes.

use std::collections::BTreeMap;

use super::{Rule, jobs};
use crate::workflow::{FOLDER, Job, Step};

/// The action that takes a role of AWS.
pub const CREDENTIALS: &str = "aws-actions/configure-aws-credentials";
const ATTEST: &str = "actions/attest";

/// A right, and what in a job needs it. A right without a line here has no use yet.
struct Need {
    right: &'static str,
    level: &'static str,
    of: fn(&Job) -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        right: "contents",
        level: "read",
        of: |_| true,
    },
    Need {
        right: "contents",
        level: "write",
        of: |job| calls(job, &["gh", "release", "create"]),
    },
    Need {
        right: "actions",
        level: "read",
        of: |job| calls(job, &["crossover", "approvers"]) || calls(job, &["crossover", "evidence"]),
    },
    Need {
        right: "attestations",
        level: "read",
        of: |job| calls(job, &["gh", "attestation", "verify"]),
    },
    Need {
        right: "attestations",
        level: "write",
        of: |job| job.uses(ATTEST),
    },
    Need {
        right: "pull-requests",
        level: "write",
        of: |job| calls(job, &["gh", "pr", "comment"]),
    },
    Need {
        right: "id-token",
        level: "write",
        of: |job| job.uses(CREDENTIALS) || job.uses(ATTEST),
    },
];

/// Whether a step begins a command with these words.
fn calls(job: &Job, words: &[&str]) -> bool {
    job.commands().any(|(_, command)| {
        let rest = command.arguments().iter().map(String::as_str);
        [command.program()]
            .into_iter()
            .chain(rest)
            .take(words.len())
            .eq(words.iter().copied())
    })
}

pub const READ_ONLY: Rule = Rule {
    name: "rights-read-only",
    about: "a workflow states its rights, and they are only for reading; a job that needs more says so itself",
    check: |workflows, findings| {
        for workflow in workflows {
            let Some(entry) = workflow.root.entry("permissions") else {
                findings.add(
                    workflow.place(1),
                    "state the rights; without them the settings of the repository decide",
                );
                continue;
            };
            if let Some(text) = entry.node.text() {
                findings.add(
                    workflow.place(entry.line),
                    format!("{text} names no rights; list them, as in contents: read"),
                );
            }
            for right in entry.node.entries() {
                if !matches!(right.node.text(), Some("read" | "none")) {
                    findings.add(
                        workflow.place(right.line),
                        format!(
                            "{}: every job would have it; give it to the job that needs it",
                            right.key
                        ),
                    );
                }
            }
        }
    },
};

pub const NEEDED: Rule = Rule {
    name: "rights-needed",
    about: "a job has no right that none of its steps needs",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let Some(own) = job.node.get("permissions") else {
                continue;
            };
            if let Some(text) = own.text() {
                findings.add(
                    workflow.place(own.line),
                    format!("{text} names no rights; list them"),
                );
            }
            for right in own.entries() {
                let level = right.node.text().unwrap_or_default();
                let needed = NEEDS
                    .iter()
                    .any(|need| need.right == right.key && need.level == level && (need.of)(job));
                if !needed && level != "none" {
                    findings.add(
                        workflow.place(right.line),
                        format!(
                            "{}: no step of the job {} needs {}: {level}",
                            job.id, job.id, right.key
                        ),
                    );
                }
            }
        }
    },
};

pub const KEYS: Rule = Rule {
    name: "no-stored-keys",
    about: "AWS is reached by a role that the environment's variables name, never by a stored key",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for text in job.node.all_texts() {
                if text.contains("secrets.AWS_") || text.contains("aws_secret_access_key") {
                    findings.add(
                        workflow.place(job.line),
                        format!(
                            "{}: a key of AWS is stored in GitHub; take a role instead",
                            job.id
                        ),
                    );
                }
            }
            for step in credentials(job) {
                let role = step.input("role-to-assume");
                if !role.starts_with("${{ vars.") || step.node.get("with").is_some_and(has_key) {
                    findings.add(
                        workflow.place(step.line),
                        "write role-to-assume: ${{ vars.… }}, so that each environment has its own role, and no key",
                    );
                }
            }
        }
    },
};

fn has_key(inputs: &crate::yaml::Node) -> bool {
    inputs.get("aws-access-key-id").is_some() || inputs.get("aws-secret-access-key").is_some()
}

fn credentials(job: &Job) -> impl Iterator<Item = &Step> {
    job.steps.iter().filter(|step| step.action() == Some(CREDENTIALS))
}

pub const ROLES: Rule = Rule {
    name: "role-of-one-environment",
    about: "a role belongs to one environment, so that no job takes the role of another past its reviewers",
    check: |workflows, findings| {
        let mut homes: BTreeMap<&str, &str> = BTreeMap::new();
        for (workflow, job) in jobs(workflows) {
            for step in credentials(job) {
                let role = step.input("role-to-assume");
                let Some(environment) = job.environment() else {
                    findings.add(
                        workflow.place(step.line),
                        format!(
                            "{}: a role is taken without an environment; its trust names one",
                            job.id
                        ),
                    );
                    continue;
                };
                let home = *homes.entry(role).or_insert(environment);
                if home != environment {
                    findings.add(
                        workflow.place(step.line),
                        format!("{role} is the role of the environment {home}; give {environment} its own"),
                    );
                }
            }
        }
    },
};

pub const CALLS: Rule = Rule {
    name: "called-workflow-is-here",
    about: "a job that is another workflow names one of this repository, passes no secret and no right to write",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let Some(uses) = job.node.get("uses").and_then(|uses| uses.text()) else {
                continue;
            };
            let known = workflows
                .iter()
                .any(|other| uses.strip_prefix("./") == other.path.to_str());
            let writes = job.node.get("permissions").is_none_or(|rights| {
                rights
                    .entries()
                    .iter()
                    .any(|right| right.node.text() == Some("write"))
            });
            if !known || writes || job.node.get("secrets").is_some() {
                findings.add(
                    workflow.place(job.line),
                    format!(
                        "{}: call a workflow of {FOLDER}, with rights for reading and without secrets",
                        job.id
                    ),
                );
            }
        }
    },
};
