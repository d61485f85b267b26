//! Our own rules: what GitHub and the linters accept, but this project does not.

mod actions;
mod approval;
mod artifacts;
mod failure;
mod jobs;
mod lanes;
mod rights;
mod scripts;
mod secrets;

use crossover_file_check::{Findings, rules::apply};

use crate::workflow::{Job, Workflow};

/// One rule over all workflows.
pub type Rule = crossover_file_check::rules::Rule<[Workflow]>;

/// All rules, in the order of the help.
pub const RULES: &[Rule] = &[
    actions::PINNED,
    actions::AGREE,
    actions::CHECKOUT,
    rights::READ_ONLY,
    rights::NEEDED,
    rights::KEYS,
    rights::ROLES,
    rights::CALLS,
    jobs::TIMEOUT,
    jobs::TRIGGERS,
    jobs::SHELL,
    scripts::EXPRESSIONS,
    scripts::PLAIN,
    scripts::COMMANDS,
    secrets::ARGUMENTS,
    approval::ENVIRONMENT,
    approval::PEOPLE,
    approval::BEFORE,
    approval::REFUSED,
    approval::SAVED_PLAN,
    artifacts::DIGEST,
    lanes::ONE_RUN,
    failure::NOTICE,
    failure::EVIDENCE,
    secrets::SIGNED,
    failure::HIDDEN,
];

/// Applies every rule to all workflows.
pub fn check(workflows: &[Workflow], findings: &mut Findings) {
    apply(RULES, workflows, findings);
}

/// All jobs, each with its workflow.
fn jobs(workflows: &[Workflow]) -> impl Iterator<Item = (&Workflow, &Job)> {
    workflows
        .iter()
        .flat_map(|workflow| workflow.jobs.iter().map(move |job| (workflow, job)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_says_what_must_hold() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
        assert!(RULES.iter().all(|rule| rule.about.split(' ').count() > 3));
    }
}
