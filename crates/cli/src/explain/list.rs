//! Everything that can be explained. No text is written here twice: errors come from `StageError`, pre-checks
//! from their catalogue, the ends of executions from the state machines.

use std::collections::BTreeMap;

use anyhow::Context as _;
use crossover_core::{
    ErrorName, StageError,
    explanation::{Explanation, NameKind},
    finding::Severity,
};
use crossover_stages::pre_check::{Check, catalogue};
use serde::Deserialize;

/// Every state machine.
const MACHINES: [&str; 3] = [
    include_str!("../../../../statemachine/cutover.asl.json"),
    include_str!("../../../../statemachine/rollback.asl.json"),
    include_str!("../../../../statemachine/verify.asl.json"),
];

/// Errors in the order of their variants, then the ends of executions by name, then pre-checks in their order.
pub fn all() -> anyhow::Result<Vec<Explanation>> {
    let mut all: Vec<Explanation> = StageError::all()
        .map(|name| Explanation::of_error(name, "docs/errors.md"))
        .collect();
    let ends = ends()?.into_iter();
    // An execution that ends with the error of its stage needs no second explanation.
    all.extend(ends.filter(|end| !StageError::NAMES.contains(&end.name.as_str())));
    all.extend(catalogue().iter().map(|check| of_check(&**check)));
    Ok(all)
}

fn of_check(check: &dyn Check) -> Explanation {
    let (run_did, severity) = match check.severity() {
        Severity::Blocks => (
            "With a finding the run ends as ChecksFailed before anything is changed.",
            "blocks",
        ),
        Severity::Warns => ("The run goes on and reports the finding.", "warns"),
    };
    Explanation {
        name: check.id().to_owned(),
        kind: NameKind::Check,
        meaning: format!("Looks at {} ({severity}). {}", check.looks_at(), check.why()),
        run_did: Some(run_did.to_owned()),
        remedy: Some(check.remedy().to_owned()),
        retry: ErrorName::ChecksFailed.retry().advice().to_owned(),
        documented: "docs/checks.md".to_owned(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Machine {
    states: BTreeMap<String, State>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    error: Option<String>,
    cause: Option<String>,
}

/// The errors of all states that end an execution.
fn ends() -> anyhow::Result<Vec<Explanation>> {
    let mut causes = BTreeMap::new();
    for machine in MACHINES {
        let machine: Machine =
            serde_json::from_str(machine).context("a state machine of this build is no JSON")?;
        for state in machine.states.into_values() {
            causes.extend(state.error.zip(state.cause));
        }
    }
    let ends = causes.into_iter().map(|(name, cause)| Explanation {
        documented: if cause.contains("docs/runbooks.md") {
            format!("docs/runbooks.md, {name}")
        } else {
            "docs/failure-modes.md, Error names".to_owned()
        },
        name,
        kind: NameKind::End,
        meaning: cause,
        run_did: None,
        remedy: None,
        retry: "the execution has ended: the error of the stage that failed decides (`crossover explain` explains it, too)".to_owned(),
    });
    Ok(ends.collect())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_name_is_explained_once_and_documented_where_it_says() {
        let all = all().unwrap();
        let names: BTreeSet<&str> = all.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for name in ["MarkerNotSeen", "CutoverAborted", "AbortFailed", "PG11", "DM02"] {
            assert!(names.contains(name), "{name}");
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        for explanation in &all {
            let (file, heading) = match explanation.documented.split_once(", ") {
                Some((file, heading)) => (file, Some(heading)),
                None => (explanation.documented.as_str(), None),
            };
            let text = fs::read_to_string(root.join(file)).unwrap();
            assert!(
                text.contains(&explanation.name),
                "{} is not in {file}",
                explanation.name
            );
            if let Some(heading) = heading {
                assert!(
                    text.contains(&format!("## {heading}\n")),
                    "{file} has no heading {heading}"
                );
            }
        }
    }

    #[test]
    fn every_state_machine_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../statemachine");
        let files = fs::read_dir(folder).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        assert_eq!(
            names.filter(|name| name.ends_with(".asl.json")).count(),
            MACHINES.len()
        );
    }
}
