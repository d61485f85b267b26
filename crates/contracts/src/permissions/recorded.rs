//! What stages called in rehearsals, held against what their roles allow: neither more nor less.

use std::collections::{BTreeMap, BTreeSet};

use super::{FILE, Permissions};

/// Actions by stage.
pub type ByStage = BTreeMap<String, BTreeSet<String>>;

/// What a service does with the key of what is asked of it, in the caller's name. No request shows it.
const ON_BEHALF: [(&str, &[&str]); 2] = [
    // The secrets are encrypted with a key of the environment (module keys).
    ("secretsmanager:GetSecretValue", &["kms:Decrypt"]),
    // So is the topic: SNS asks for a data key and proves that it may use it.
    ("sns:Publish", &["kms:Decrypt", "kms:GenerateDataKey"]),
];

/// An action that a role allows and no rehearsal reaches.
#[derive(Debug, Clone, Copy)]
pub struct Unreached {
    pub stage: &'static str,
    pub action: &'static str,
    /// Why the stage needs it all the same.
    pub reason: &'static str,
}

/// What some rehearsals called beyond the rights, each as a sentence with its remedy, sorted.
pub fn too_much(allowed: &Permissions, recorded: &ByStage) -> Vec<String> {
    let mut faults = Vec::new();
    for (stage, calls) in recorded {
        let Some(rights) = allowed.of(stage) else {
            faults.push(format!(
                "stage {stage} has called AWS, and {FILE} does not know it: add the stage there"
            ));
            continue;
        };
        let calls = with_keys(calls);
        faults.extend(calls.difference(&rights).map(|action| {
            format!(
                "stage {stage} calls {action}, which its role does not allow: add the action to {stage:?} in {FILE}, or stop calling it"
            )
        }));
    }
    faults
}

/// Every difference between the rights and what all rehearsals together called, each as a sentence with its remedy.
/// `unreached` excuses actions that were not called; an excuse that is not needed is a difference as well.
pub fn differences(allowed: &Permissions, recorded: &ByStage, unreached: &[Unreached]) -> Vec<String> {
    let mut faults = too_much(allowed, recorded);
    for stage in allowed.stages() {
        let calls = recorded.get(stage).map(with_keys).unwrap_or_default();
        let rights = allowed.of(stage).unwrap_or_default();
        let excused: BTreeSet<&str> = unreached
            .iter()
            .filter(|one| one.stage == stage)
            .map(|one| one.action)
            .collect();
        faults.extend(rights.difference(&calls).filter(|action| !excused.contains(**action)).map(|action| {
            format!(
                "stage {stage} may call {action}, and no rehearsal does: take the action out of {stage:?} in {FILE}, or let a \
                 rehearsal reach it"
            )
        }));
    }
    for Unreached { stage, action, .. } in unreached {
        let called = recorded
            .get(*stage)
            .is_some_and(|calls| with_keys(calls).contains(action));
        let may = allowed.of(stage).is_some_and(|rights| rights.contains(action));
        if called {
            faults.push(format!(
                "a rehearsal reaches {action} of stage {stage}: take it out of the list of what none reaches"
            ));
        } else if !may {
            faults.push(format!(
                "the role of stage {stage} does not allow {action}: take it out of the list of what no rehearsal reaches"
            ));
        }
    }
    faults.sort();
    faults
}

/// The calls, with what the services do in the caller's name.
fn with_keys(calls: &BTreeSet<String>) -> BTreeSet<&str> {
    let keys = ON_BEHALF
        .iter()
        .filter(|(call, _)| calls.contains(*call))
        .flat_map(|(_, keys)| keys.iter().copied());
    calls.iter().map(String::as_str).chain(keys).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Permissions {
        serde_json::from_str(
            r#"{
                "every-stage": [
                    { "actions": ["secretsmanager:GetSecretValue"], "resources": "secrets", "why": "" },
                    { "actions": ["kms:Decrypt"], "resources": "secrets_key", "why": "" }
                ],
                "stages": {
                    "wait": [{ "actions": ["dms:DescribeReplicationTasks"], "resources": "any", "why": "" }],
                    "abort": [{ "actions": ["dms:StopReplicationTask"], "resources": "tasks", "why": "" }]
                }
            }"#,
        )
        .unwrap()
    }

    fn recorded() -> ByStage {
        let calls = |own: &str| BTreeSet::from(["secretsmanager:GetSecretValue".to_owned(), own.to_owned()]);
        BTreeMap::from([
            ("wait".to_owned(), calls("dms:DescribeReplicationTasks")),
            ("abort".to_owned(), calls("dms:StopReplicationTask")),
        ])
    }

    fn one_fault(found: &[String], words: &[&str]) {
        assert_eq!(found.len(), 1, "{found:#?}");
        for word in words {
            assert!(found[0].contains(word), "{word} is not in {}", found[0]);
        }
    }

    #[test]
    fn what_is_called_and_what_is_allowed_are_the_same_and_keys_follow_from_calls() {
        assert_eq!(differences(&allowed(), &recorded(), &[]), Vec::<String>::new());
    }

    #[test]
    fn one_call_more_is_a_fault_even_before_every_rehearsal_has_run() {
        let mut more = recorded();
        more.get_mut("wait")
            .unwrap()
            .insert("dms:DeleteReplicationTask".to_owned());
        one_fault(
            &differences(&allowed(), &more, &[]),
            &["stage wait calls dms:DeleteReplicationTask", "\"wait\"", FILE],
        );
        more.remove("abort");
        one_fault(
            &too_much(&allowed(), &more),
            &["stage wait calls dms:DeleteReplicationTask"],
        );
    }

    #[test]
    fn one_call_less_is_a_fault() {
        let mut less = recorded();
        less.get_mut("abort").unwrap().remove("dms:StopReplicationTask");
        one_fault(
            &differences(&allowed(), &less, &[]),
            &[
                "stage abort may call dms:StopReplicationTask, and no rehearsal does",
                "\"abort\"",
                FILE,
            ],
        );
        assert_eq!(too_much(&allowed(), &less), Vec::<String>::new());
    }

    #[test]
    fn the_rights_to_a_key_are_needed_only_with_the_call_that_uses_it() {
        let mut without = recorded();
        without
            .get_mut("wait")
            .unwrap()
            .remove("secretsmanager:GetSecretValue");
        let found = differences(&allowed(), &without, &[]);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found[0].contains("wait may call kms:Decrypt") && found[1].contains("GetSecretValue"),
            "{found:#?}"
        );
    }

    #[test]
    fn a_stage_that_nobody_knows_or_nobody_reaches_is_a_fault() {
        let mut other = recorded();
        other.insert("complete".to_owned(), BTreeSet::new());
        one_fault(
            &differences(&allowed(), &other, &[]),
            &["stage complete", "add the stage"],
        );
        other.remove("complete");
        other.remove("wait");
        assert_eq!(differences(&allowed(), &other, &[]).len(), 3);
    }

    #[test]
    fn an_excuse_holds_as_long_as_it_is_needed() {
        let excuse = [Unreached {
            stage: "abort",
            action: "dms:StopReplicationTask",
            reason: "",
        }];
        let mut less = recorded();
        less.get_mut("abort").unwrap().remove("dms:StopReplicationTask");
        assert_eq!(differences(&allowed(), &less, &excuse), Vec::<String>::new());
        one_fault(
            &differences(&allowed(), &recorded(), &excuse),
            &["a rehearsal reaches dms:StopReplicationTask of stage abort"],
        );
        let stale = [Unreached {
            stage: "wait",
            action: "dms:CreateReplicationTask",
            reason: "",
        }];
        one_fault(
            &differences(&allowed(), &recorded(), &stale),
            &["does not allow dms:CreateReplicationTask"],
        );
    }
}
