//! The rights of each stage are those that it uses: terraform/modules/lambdas/permissions.json against the calls that the
//! functions make in the rehearsals of these tests.
//!
//! No rehearsal is held for this alone. Each of [`Rehearsed`] hands over what it has recorded: a call without a right fails it
//! at once; the one that completes the set finds the rights that nobody uses.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Mutex, PoisonError},
};

use crossover_contracts::permissions::{
    Permissions,
    recorded::{ByStage, Unreached, differences, too_much},
};
use crossover_rehearsal::calls::Calls;
use crossover_stand::postgres::workspace_root;

/// A way through the state machines. Together they reach every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rehearsed {
    CutoverAndRollback,
    /// A cutover that was aborted in the pause.
    Aborted,
    DryRun,
    /// The comparison shared by many functions, and an abort that finds reverse replication running.
    VerifyAndUndo,
    /// A cutover and the end of its migration.
    Completed,
}

impl Rehearsed {
    const ALL: [Self; 5] = [
        Self::CutoverAndRollback,
        Self::Aborted,
        Self::DryRun,
        Self::VerifyAndUndo,
        Self::Completed,
    ];
}

/// What no rehearsal reaches, and why a stage may do it all the same.
const UNREACHED: &[Unreached] = &[];

static RECORDED: Mutex<BTreeMap<Rehearsed, ByStage>> = Mutex::new(BTreeMap::new());

/// Judges what one rehearsal has recorded, and with the last one of the set all of them together.
pub fn judge(rehearsed: Rehearsed, calls: &Calls) {
    let allowed = Permissions::read(&workspace_root()).unwrap();
    let calls = calls.so_far();
    assert!(
        !calls.is_empty(),
        "{rehearsed:?} has recorded no call: its environment records none"
    );
    let faults = too_much(&allowed, &calls);
    assert!(faults.is_empty(), "{rehearsed:?}:\n{}", faults.join("\n"));
    let together = {
        let mut recorded = RECORDED.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.insert(rehearsed, calls);
        if Rehearsed::ALL.iter().any(|one| !recorded.contains_key(one)) {
            return;
        }
        together(recorded.values())
    };
    let faults = differences(&allowed, &together, UNREACHED);
    assert!(
        faults.is_empty(),
        "all of {:?} together, of which {rehearsed:?} was the last:\n{}\nseen: {together:#?}",
        Rehearsed::ALL,
        faults.join("\n")
    );
}

fn together<'a>(recordings: impl Iterator<Item = &'a ByStage>) -> ByStage {
    let mut all = ByStage::new();
    for (stage, calls) in recordings.flatten() {
        all.entry(stage.clone())
            .or_default()
            .extend(calls.iter().cloned());
    }
    all
}

/// Without one of them the set is never complete, and nothing would ever be compared.
#[test]
fn every_rehearsal_of_the_set_is_one_of_these_tests() {
    let folder = workspace_root().join("tests/e2e");
    let texts: String = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for rehearsed in Rehearsed::ALL {
        let handed_over = format!("judge_calls(Rehearsed::{rehearsed:?}, ");
        assert_eq!(texts.matches(&handed_over).count(), 1, "{rehearsed:?}");
    }
}
