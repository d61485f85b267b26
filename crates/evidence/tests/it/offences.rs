//! Every way in which a folder can differ from its manifest.

use std::{fs, os::unix::fs::symlink, process::Command};

use crossover_evidence::{CheckError, Fault, MANIFEST, SUMS, SignatureState, check};
use crossover_signing::dsse::Envelope;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Folder, NOTHING, evidence, faults, key, names};

#[test]
fn an_untouched_folder_is_unchanged_with_and_without_a_key() {
    let key = key();
    let signed = Folder::new(Some(&key));
    for trusted in [None, Some(&key.public_key())] {
        let report = signed.check(trusted);
        assert_eq!(faults(&report), NOTHING);
        assert_eq!((report.unchanged, report.run.unwrap()), (4, evidence().run));
        assert_eq!(report.signed_by, Some(key.public_key().key_id()));
    }
    let unsigned = Folder::new(None).check(None);
    assert_eq!(faults(&unsigned), NOTHING);
    assert_eq!(
        (unsigned.signature, unsigned.signed_by),
        (SignatureState::Unsigned, None)
    );
}

#[test]
fn all_offenders_are_named_at_once_sorted() {
    let folder = Folder::new(Some(&key()));
    fs::write(folder.file("plan.json"), "{\"lane\": \"us\"}").unwrap();
    fs::remove_file(folder.file("empty.log")).unwrap();
    fs::rename(folder.file("stages.json"), folder.file("stages-2.json")).unwrap();
    fs::write(folder.file("notes.txt"), "mine").unwrap();
    fs::write(folder.file("a\x1b[31m\n"), "mine").unwrap();
    fs::create_dir(folder.file("more")).unwrap();
    fs::remove_file(folder.file("history.json")).unwrap();
    symlink("/etc/hostname", folder.file("history.json")).unwrap();
    symlink("nowhere", folder.file("link")).unwrap();
    let pipe = Command::new("mkfifo").arg(folder.file("pipe")).status().unwrap();
    assert!(pipe.success());
    let report = folder.check(None);
    assert_eq!(
        faults(&report),
        [
            ("a\\x1b[31m\\n", Fault::Additional),
            ("empty.log", Fault::Missing),
            ("history.json", Fault::SymbolicLink),
            ("link", Fault::SymbolicLink),
            ("more", Fault::NotAFile),
            ("notes.txt", Fault::Additional),
            ("pipe", Fault::NotAFile),
            ("plan.json", Fault::Changed),
            ("stages.json", Fault::Renamed),
        ]
    );
    assert_eq!(report.unchanged, 0);
    let renamed = report.offences.last().unwrap();
    assert_eq!(renamed.renamed_to.as_deref(), Some("stages-2.json"));
    for offence in &report.offences {
        assert!(!offence.message.contains(char::is_control), "{offence:?}");
    }
}

#[test]
fn two_files_that_change_places_are_both_changed() {
    let folder = Folder::new(None);
    fs::rename(folder.file("plan.json"), folder.file("x")).unwrap();
    fs::rename(folder.file("stages.json"), folder.file("plan.json")).unwrap();
    fs::rename(folder.file("x"), folder.file("stages.json")).unwrap();
    let report = folder.check(None);
    assert_eq!(
        faults(&report),
        [("plan.json", Fault::Changed), ("stages.json", Fault::Changed)]
    );
}

#[test]
fn a_missing_manifest_or_list_is_an_offence_and_a_link_in_its_place_is_not_followed() {
    for name in [MANIFEST, SUMS] {
        let folder = Folder::new(Some(&key()));
        let elsewhere = folder.home.path().join("elsewhere");
        fs::rename(folder.file(name), &elsewhere).unwrap();
        assert_eq!(faults(&folder.check(None)), [(name, Fault::Missing)]);
        symlink(&elsewhere, folder.file(name)).unwrap();
        assert_eq!(faults(&folder.check(None)), [(name, Fault::SymbolicLink)]);
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_no_verdict() {
    let folder = Folder::new(None);
    let missing = check(&folder.home.path().join("nowhere"), None).unwrap_err();
    assert!(matches!(missing, CheckError::NoFolder(_)), "{missing}");
    let file = check(&folder.file("plan.json"), None).unwrap_err();
    assert!(matches!(file, CheckError::NotAFolder(_)), "{file}");
}

type Change = fn(&mut Value);

/// A manifest whose signature is right and whose statement was made by hand.
fn forged(folder: &Folder, change: impl Fn(&mut Value)) {
    let key = key();
    let bytes = fs::read(folder.file(MANIFEST)).unwrap();
    let envelope = Envelope::from_bytes(&bytes).unwrap();
    let mut statement: Value = serde_json::from_slice(envelope.payload()).unwrap();
    statement["predicate"]["signed_by"] =
        json!({ "key_id": key.public_key().key_id(), "public_key": key.public_key() });
    change(&mut statement);
    let forged = Envelope::signed(envelope.payload_type(), ordered(&statement).into_bytes(), &key);
    fs::write(folder.file(MANIFEST), forged.to_bytes().unwrap()).unwrap();
}

/// The statement in the order of its fields, which a JSON value does not keep.
fn ordered(statement: &Value) -> String {
    let raw = |value: &Value, fields: &[&str]| {
        let fields: Vec<String> = fields
            .iter()
            .filter(|field| !value[**field].is_null())
            .map(|field| format!("\"{field}\":{}", value[*field]))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    let subjects: Vec<String> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| raw(subject, &["name", "digest"]))
        .collect();
    let predicate = &statement["predicate"];
    let run = raw(
        &predicate["run"],
        &[
            "run_id",
            "migration_id",
            "lane",
            "direction",
            "outcome",
            "began_at",
            "ended_at",
            "collected_at",
        ],
    );
    format!(
        "{{\"_type\":{},\"subject\":[{}],\"predicateType\":{},\"predicate\":{{\"run\":{run},\"tool_version\":{},\"signed_by\":{}}}}}",
        statement["_type"],
        subjects.join(","),
        statement["predicateType"],
        predicate["tool_version"],
        raw(&predicate["signed_by"], &["key_id", "public_key"]),
    )
}

#[test]
fn a_name_in_the_manifest_that_leads_out_of_the_folder_is_refused_and_not_read() {
    for (name, shown) in [
        ("../secret", "../secret"),
        ("/etc/hostname", "/etc/hostname"),
        ("..", ".."),
        ("a/../../secret", "a/../../secret"),
        ("manifest.json", "manifest.json"),
        ("\u{1b}[2J", "\\x1b[2J"),
    ] {
        let folder = Folder::new(None);
        fs::write(folder.home.path().join("secret"), "").unwrap();
        forged(&folder, |statement| {
            // The hash of the empty file outside: it would be equal, were it read.
            statement["subject"][0]["name"] = name.into();
            let subjects = statement["subject"].as_array_mut().unwrap();
            subjects.sort_by_key(|subject| subject["name"].as_str().unwrap().to_owned());
        });
        let report = folder.check(None);
        let faults = faults(&report);
        assert!(faults.contains(&(shown, Fault::BadName)), "{name}: {faults:?}");
        assert_eq!(report.unchanged, 3);
    }
}

#[test]
fn a_manifest_in_another_form_of_another_kind_or_with_a_file_twice_is_refused() {
    let folder = Folder::new(None);
    forged(&folder, |_| {});
    let report = folder.check(None);
    assert_eq!(faults(&report), [(SUMS, Fault::Changed)], "the form is right");
    let cases: [(&str, Change); 4] = [
        ("one form", |s| s["subject"].as_array_mut().unwrap().reverse()),
        ("one form", |s| {
            let first = s["subject"][0].clone();
            s["subject"].as_array_mut().unwrap().insert(0, first);
        }),
        ("check it with the version that made it", |s| {
            s["predicateType"] = "https://example.com/other".into();
        }),
        ("SHA-256", |s| s["subject"][0]["digest"]["sha256"] = "00".into()),
    ];
    for (word, change) in cases {
        let folder = Folder::new(None);
        forged(&folder, change);
        let report = folder.check(None);
        assert_eq!(faults(&report), [(MANIFEST, Fault::Changed)]);
        assert!(report.offences[0].message.contains(word), "{word}: {report:?}");
        assert_eq!((report.signature, report.run), (SignatureState::Unknown, None));
    }
}

/// Flips one byte and checks the folder with and without the key; then puts the byte back.
fn is_detected(folder: &Folder, name: &str, at: usize, flip: u8, key: &crossover_signing::PublicKey) -> bool {
    let path = folder.file(name);
    let bytes = fs::read(&path).unwrap();
    let mut altered = bytes.clone();
    altered[at] ^= flip;
    fs::write(&path, altered).unwrap();
    let detected = [None, Some(key)]
        .iter()
        .all(|trusted| !folder.check(*trusted).offences.is_empty());
    fs::write(&path, bytes).unwrap();
    detected
}

#[test]
fn every_single_byte_of_every_file_counts() {
    let key = key();
    for folder in [Folder::new(Some(&key)), Folder::new(None)] {
        for name in names(&folder.path()) {
            for at in 0..fs::read(folder.file(&name)).unwrap().len() {
                assert!(
                    is_detected(&folder, &name, at, 1, &key.public_key()),
                    "{name}, byte {at}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_changed_byte_is_detected(file: prop::sample::Index, at: prop::sample::Index, flip in 1..=255_u8, signed: bool) {
        let key = key();
        let folder = Folder::new(signed.then_some(&key));
        let mut names = names(&folder.path());
        names.retain(|name| name != "empty.log");
        let name = file.get(&names);
        let at = at.index(fs::read(folder.file(name)).unwrap().len());
        let detected = is_detected(&folder, name, at, flip, &key.public_key());
        prop_assert!(detected, "{}, byte {}, flipped by {}", name, at, flip);
        if signed {
            prop_assert!(folder.check(Some(&key.public_key())).offences.is_empty());
        }
    }
}
