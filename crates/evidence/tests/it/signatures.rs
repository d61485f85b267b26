//! What the signature of a manifest proves, and what its absence does not.

use std::fs;

use crossover_evidence::{Fault, MANIFEST, SignatureState};
use crossover_signing::dsse::Envelope;

use super::{Folder, NOTHING, evidence, faults, key};

#[test]
fn a_signature_proves_something_only_with_the_key_of_its_owner() {
    let (key, other) = (key(), key());
    let folder = Folder::new(Some(&key));
    assert_eq!(folder.check(None).signature, SignatureState::NotProven);
    let proven = folder.check(Some(&key.public_key()));
    assert_eq!(proven.signature, SignatureState::Proven);
    let foreign = folder.check(Some(&other.public_key()));
    assert_eq!(foreign.signature, SignatureState::OtherKey);
    assert_eq!(faults(&foreign), [(MANIFEST, Fault::OtherKey)]);
    let message = &foreign.offences[0].message;
    for key in [&key, &other] {
        assert!(
            message.contains(&key.public_key().key_id().to_string()),
            "{message}"
        );
    }
}

#[test]
fn an_unsigned_manifest_is_an_offence_where_a_key_was_asked_for() {
    let report = Folder::new(None).check(Some(&key().public_key()));
    assert_eq!(faults(&report), [(MANIFEST, Fault::Unsigned)]);
    assert_eq!(
        (report.signature, report.unchanged),
        (SignatureState::Unsigned, 4)
    );
}

/// A forger changes a file and writes everything again, with or without a key of their own.
#[test]
fn evidence_that_was_written_anew_is_found_by_the_key_alone() {
    let (ours, theirs) = (key(), key());
    for forger in [None, Some(&theirs)] {
        let folder = Folder::new(Some(&ours));
        fs::remove_dir_all(folder.path()).unwrap();
        let mut forged = evidence();
        forged.run.outcome = "aborted".to_owned();
        forged.write(&folder.path(), forger).unwrap();
        assert_eq!(
            faults(&folder.check(None)),
            NOTHING,
            "nothing in the folder can show it"
        );
        assert_ne!(faults(&folder.check(Some(&ours.public_key()))), NOTHING);
    }
}

#[test]
fn a_signature_that_was_taken_away_or_moved_to_another_run_is_invalid() {
    let key = key();
    let folder = Folder::new(Some(&key));
    let bytes = fs::read(folder.file(MANIFEST)).unwrap();
    let envelope = Envelope::from_bytes(&bytes).unwrap();
    let bare = Envelope::unsigned(envelope.payload_type(), envelope.payload().to_vec());
    fs::write(folder.file(MANIFEST), bare.to_bytes().unwrap()).unwrap();
    let report = folder.check(None);
    assert_eq!(report.signature, SignatureState::Invalid);
    assert_eq!(faults(&report), [(MANIFEST, Fault::Changed)]);
    assert_eq!(report.run, None, "what an altered manifest says is not repeated");

    let other = Folder::new(Some(&key));
    fs::remove_dir_all(other.path()).unwrap();
    let mut second = evidence();
    second.run.outcome = "aborted".to_owned();
    second.write(&other.path(), Some(&key)).unwrap();
    let text = fs::read_to_string(other.file(MANIFEST)).unwrap();
    let signature = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["signatures"][0]["sig"].as_str().unwrap().to_owned()
    };
    let (from, to) = (signature(&text), signature(std::str::from_utf8(&bytes).unwrap()));
    fs::write(other.file(MANIFEST), text.replace(&from, &to)).unwrap();
    assert_eq!(other.check(None).signature, SignatureState::Invalid);
}

#[test]
fn the_manifest_is_an_in_toto_statement_over_every_file_sorted() {
    let folder = Folder::new(Some(&key()));
    let envelope = Envelope::from_bytes(&fs::read(folder.file(MANIFEST)).unwrap()).unwrap();
    assert_eq!(envelope.payload_type(), "application/vnd.in-toto+json");
    let statement: serde_json::Value = serde_json::from_slice(envelope.payload()).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    let predicate_type = statement["predicateType"].as_str().unwrap();
    assert!(predicate_type.starts_with("https://") && predicate_type.ends_with("/evidence/v1"));
    let names: Vec<&str> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["empty.log", "history.json", "plan.json", "stages.json"]);
    assert_eq!(
        statement["subject"][0]["digest"]["sha256"],
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let predicate = &statement["predicate"];
    assert_eq!(predicate["run"]["run_id"], "run-7");
    assert_eq!(predicate["run"]["direction"], "forward");
    assert!(predicate["tool_version"].is_string());
}
