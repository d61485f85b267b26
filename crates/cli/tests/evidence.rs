//! `crossover evidence`, on real folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crossover_contracts::document::validate;
use crossover_core::Direction;
use crossover_evidence::{Evidence, Run};
use crossover_signing::SigningKey;
use serde_json::Value;

fn evidence(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossover"))
        .arg("evidence")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn written(home: &Path, key: Option<&SigningKey>) -> PathBuf {
    let folder = home.join("run-7");
    let at = |text: &str| text.parse().unwrap();
    let run = Run {
        run_id: "run-7".to_owned(),
        migration_id: "shop".to_owned(),
        lane: "eu".to_owned(),
        direction: Direction::Forward,
        outcome: "committed".to_owned(),
        began_at: at("2026-08-01T00:00:00Z"),
        ended_at: Some(at("2026-08-01T00:10:00Z")),
        collected_at: at("2026-08-01T00:11:00Z"),
    };
    let files = ["plan.json", "stages.json"].map(|name| (name.to_owned(), name.as_bytes().to_vec()));
    let evidence = Evidence {
        run,
        files: files.into(),
    };
    evidence.write(&folder, key).unwrap();
    folder
}

/// The report, which has to fit its schema.
fn report(arguments: &[&str]) -> (Option<i32>, Value) {
    let (status, json, error) = evidence(&[&["--json"], arguments].concat());
    let report: Value = serde_json::from_str(&json).unwrap_or_else(|_| panic!("{error}"));
    validate("evidence-check", &report).unwrap();
    (status, report)
}

#[test]
fn unchanged_evidence_ends_with_0_and_says_what_it_is_of_and_what_its_signature_proves() {
    let home = tempfile::tempdir().unwrap();
    let key = SigningKey::load_or_create_pair(&home.path().join("key.pem")).unwrap();
    let folder = written(home.path(), Some(&key));
    let (folder, public) = (folder.to_str().unwrap(), home.path().join("key.pem.pub"));
    let with_key = ["--check", folder, "--public-key", public.to_str().unwrap()];
    let (status, text, error) = evidence(&with_key);
    assert_eq!((status, error.as_str()), (Some(0), ""), "{text}");
    for word in [
        "UNCHANGED",
        "run-7 (cutover)",
        "migration shop",
        "lane eu",
        "committed",
        "2 files",
        "of the given key",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let (status, text, _) = evidence(&with_key[..2]);
    assert_eq!(status, Some(0));
    assert!(text.contains("not proven to be anyone's"), "{text}");
    let (status, report) = report(&with_key);
    assert_eq!(status, Some(0));
    assert_eq!(report["verdict"], "unchanged");
    assert_eq!(report["signature"], "proven");
    assert_eq!(report["run"]["direction"], "forward");
}

#[test]
fn changed_evidence_ends_with_1_and_every_offender() {
    let home = tempfile::tempdir().unwrap();
    let folder = written(home.path(), None);
    let shown = folder.to_str().unwrap();
    let (status, text, _) = evidence(&["--check", shown]);
    assert_eq!(status, Some(0));
    assert!(text.contains("NOT SIGNED"), "{text}");
    fs::write(folder.join("plan.json"), "other").unwrap();
    fs::rename(folder.join("stages.json"), folder.join("later.json")).unwrap();
    let (status, text, _) = evidence(&["--check", shown]);
    assert_eq!(status, Some(1));
    for word in [
        "CHANGED",
        "plan.json is not what it was",
        "stages.json is called later.json now",
        "remedy",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let (status, report) = report(&["--check", shown]);
    assert_eq!((status, &report["verdict"]), (Some(1), &"changed".into()));
    assert_eq!(report["offences"][1]["renamed_to"], "later.json");
}

#[test]
fn a_key_that_did_not_sign_ends_with_1() {
    let home = tempfile::tempdir().unwrap();
    let key = |name: &str| SigningKey::load_or_create_pair(&home.path().join(name)).unwrap();
    let ours = key("ours");
    key("theirs");
    let theirs = home.path().join("theirs.pub");
    for (signed_by, fault, word) in [
        (Some(&ours), "other_key", "another key"),
        (None, "unsigned", "NOT SIGNED"),
    ] {
        let folder = home.path().join(fault);
        fs::create_dir(&folder).unwrap();
        let folder = written(&folder, signed_by);
        let arguments = [
            "--check",
            folder.to_str().unwrap(),
            "--public-key",
            theirs.to_str().unwrap(),
        ];
        let (status, text, _) = evidence(&arguments);
        assert_eq!(status, Some(1), "{text}");
        assert!(text.contains(word), "{text}");
        let (_, report) = report(&arguments);
        assert_eq!(report["offences"][0]["fault"], fault);
    }
}

#[test]
fn what_cannot_be_checked_ends_with_2_and_the_remedy() {
    let home = tempfile::tempdir().unwrap();
    let folder = written(home.path(), None);
    let folder = folder.to_str().unwrap();
    let key = home.path().join("no.pub");
    fs::write(&key, "hunter2").unwrap();
    let key = key.to_str().unwrap();
    for (arguments, words) in [
        (
            &["--check", "no-such-folder"][..],
            &["no-such-folder does not exist"][..],
        ),
        (&["--check", key], &["is no folder"]),
        (
            &["--check", folder, "--public-key", "no-such-key"],
            &["no-such-key"],
        ),
        (
            &["--check", folder, "--public-key", key],
            &["not an Ed25519 public key"],
        ),
        (&["--public-key", key], &["--check <DIR>"]),
        (&[], &["--check <DIR>"]),
    ] {
        let (status, text, error) = evidence(arguments);
        assert_eq!((status, text.as_str()), (Some(2), ""), "{arguments:?}: {error}");
        for word in words {
            assert!(error.contains(word), "{arguments:?}: {error}");
        }
        assert!(!error.contains("hunter2"), "{error}");
    }
}
