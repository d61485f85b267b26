//! What may be written where, and what is never overwritten.

use std::{fs, os::unix::fs::symlink};

use crossover_evidence::{MANIFEST, SUMS, SignatureState, WriteError};

use super::{Folder, NOTHING, evidence, faults, key, names, run};

#[test]
fn evidence_of_the_same_run_is_replaced_as_a_whole() {
    let folder = Folder::new(None);
    fs::write(folder.file("plan.json"), "altered").unwrap();
    let mut again = evidence();
    again.files.remove("history.json");
    again.files.insert("versions.json".to_owned(), b"{}".to_vec());
    let written = again.write(&folder.path(), Some(&key())).unwrap();
    assert_eq!(written.files, 4);
    assert!(written.to_string().contains("signed with the key"), "{written}");
    assert_eq!(
        names(&folder.path()),
        [
            SUMS,
            "empty.log",
            MANIFEST,
            "plan.json",
            "stages.json",
            "versions.json"
        ]
    );
    assert_eq!(faults(&folder.check(None)), NOTHING);
    assert_eq!(
        names(folder.home.path()),
        ["run-7"],
        "something was left beside the folder"
    );
}

#[test]
fn without_a_key_it_says_so() {
    let home = tempfile::tempdir().unwrap();
    let written = evidence().write(&home.path().join("new"), None).unwrap();
    assert!(written.to_string().contains("NOT SIGNED"), "{written}");
    fs::create_dir(home.path().join("empty")).unwrap();
    evidence().write(&home.path().join("empty"), None).unwrap();
}

#[test]
fn what_is_not_earlier_evidence_of_this_run_is_never_overwritten() {
    let folder = Folder::new(None);
    let before = fs::read(folder.file(MANIFEST)).unwrap();
    let mut other = evidence();
    other.run = run("run-8");
    let refused = other.write(&folder.path(), None).unwrap_err();
    assert!(matches!(refused, WriteError::OtherRun { .. }), "{refused}");
    assert!(
        refused.to_string().contains("the run run-7, not of run-8"),
        "{refused}"
    );

    fs::write(folder.file("notes.txt"), "mine").unwrap();
    let refused = evidence().write(&folder.path(), None).unwrap_err().to_string();
    assert!(refused.contains("notes.txt"), "{refused}");

    fs::remove_file(folder.file("notes.txt")).unwrap();
    let link = folder.home.path().join("link");
    symlink(folder.path(), &link).unwrap();
    for path in [link, folder.file("plan.json")] {
        let refused = evidence().write(&path, None).unwrap_err();
        assert!(matches!(refused, WriteError::NotAFolder(_)), "{refused}");
    }
    let refused = evidence().write(folder.home.path(), None).unwrap_err();
    assert!(matches!(refused, WriteError::NotEvidence { .. }), "{refused}");
    let nowhere = folder.home.path().join("nowhere/run-7");
    let refused = evidence().write(&nowhere, None).unwrap_err().to_string();
    assert!(refused.contains("folder above it exists"), "{refused}");
    assert_eq!(fs::read(folder.file(MANIFEST)).unwrap(), before);
    assert_eq!(faults(&folder.check(None)), NOTHING);
}

#[test]
fn a_signed_folder_is_not_replaced_by_an_unsigned_one() {
    let (first, second) = (key(), key());
    let folder = Folder::new(Some(&first));
    let refused = evidence().write(&folder.path(), None).unwrap_err();
    assert!(matches!(refused, WriteError::WouldLoseSignature(_)), "{refused}");
    evidence().write(&folder.path(), Some(&second)).unwrap();
    let report = folder.check(Some(&second.public_key()));
    assert_eq!(report.signature, SignatureState::Proven);
}

#[test]
fn all_names_that_cannot_be_are_refused_at_once_and_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let mut evidence = evidence();
    for name in [
        "../plan.json",
        "Plan.json",
        "a/b",
        "manifest.json",
        "SHA256SUMS",
        "",
    ] {
        evidence.files.insert(name.to_owned(), Vec::new());
    }
    let refused = evidence
        .write(&home.path().join("run-7"), None)
        .unwrap_err()
        .to_string();
    for name in [
        "\"../plan.json\"",
        "\"Plan.json\"",
        "\"a/b\"",
        "\"manifest.json\"",
        "\"SHA256SUMS\"",
        "\"\"",
    ] {
        assert!(refused.contains(name), "{name}: {refused}");
    }
    evidence.files.clear();
    let refused = evidence.write(&home.path().join("run-7"), None).unwrap_err();
    assert!(matches!(refused, WriteError::Empty { .. }), "{refused}");
    assert_eq!(names(home.path()).len(), 0);
}
