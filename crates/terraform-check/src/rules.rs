//! Our own rules: what Terraform and the schemas accept, but this project does not.

mod alarms;
mod databases;
mod functions;
mod iam;
mod language;
mod network;
mod replication;
mod state;
mod trust;
mod versions;

use crossover_file_check::rules::apply;
use hcl_edit::structure::Block;

use crate::finding::Findings;
use crate::source::{File, Module};

/// One rule over a module.
pub type Rule = crossover_file_check::rules::Rule<Module>;

/// All rules, in the order of the help.
pub const RULES: &[Rule] = &[
    language::VARIABLES,
    language::OUTPUTS,
    language::COUNT,
    language::PROVISIONERS,
    language::IGNORED_CHANGES,
    language::ACCOUNTS,
    versions::PINS,
    versions::PROVIDERS,
    state::SECRETS,
    state::SECRET_VARIABLES,
    state::BACKEND,
    iam::WILDCARDS,
    iam::NEGATIONS,
    iam::PRINCIPALS,
    trust::GITHUB,
    databases::PROTECTION,
    databases::SNAPSHOT,
    databases::ENCRYPTION,
    databases::LOGIN,
    databases::PUBLIC,
    databases::JOURNAL,
    databases::KEYS,
    replication::TLS,
    replication::STREAMS,
    functions::LOGS,
    functions::FUNCTIONS,
    functions::MACHINES,
    alarms::COMPLETE,
    alarms::MISSING_DATA,
    network::OPEN,
    network::INLINE,
];

/// Applies every rule to a module.
pub fn check(module: &Module, findings: &mut Findings) {
    apply(RULES, module, findings);
}

/// A finding for every resource of a type for which `fault` names one.
fn each(
    module: &Module,
    kind: &str,
    findings: &mut Findings,
    fault: impl Fn(&File, &Block) -> Option<String>,
) {
    for (file, block) in module.resources(kind) {
        if let Some(text) = fault(file, block) {
            findings.add(
                file.place(block),
                format!("{}: {text}", crate::block::name(block)),
            );
        }
    }
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
