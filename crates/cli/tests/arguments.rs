//! Messages for invalid input, before anything is started. Rehearsals themselves are tested in `tests/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

use std::process::{Command, Output, Stdio};

fn crossover(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crossover"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[cfg(feature = "rehearse")]
#[test]
fn an_unknown_option_is_named_and_the_usage_is_shown() {
    let output = crossover(&["rehearse", "--no-such-option"]);
    assert_eq!(output.status.code(), Some(2));
    let error = error(&output);
    assert!(
        error.contains("unexpected argument '--no-such-option'")
            && error.contains("Usage: crossover rehearse"),
        "{error}"
    );
}

#[cfg(feature = "rehearse")]
#[test]
fn a_number_out_of_range_is_refused_with_its_range() {
    let output = crossover(&["rehearse", "--rows", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error(&output).contains("0 is not in 1..=100000000"),
        "{}",
        error(&output)
    );
}

#[cfg(feature = "rehearse")]
#[test]
fn options_that_contradict_each_other_are_refused() {
    for pair in [
        &["--rollback", "--dry-run"][..],
        &["--rows", "5", "--dump", "x.sql"],
    ] {
        let output = crossover(&[&["rehearse"][..], pair].concat());
        assert_eq!(output.status.code(), Some(2), "{pair:?}");
        assert!(
            error(&output).contains("cannot be used with"),
            "{pair:?}: {}",
            error(&output)
        );
    }
}

#[cfg(feature = "rehearse")]
#[test]
fn every_missing_dump_is_named_at_once_before_anything_is_started() {
    let output = crossover(&[
        "rehearse",
        "--dump",
        "no-such-schema.sql",
        "--dump",
        "no-such-rows.sql",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let error = error(&output);
    for name in ["no-such-schema.sql", "no-such-rows.sql"] {
        assert!(error.contains(&format!("{name} does not exist")), "{error}");
    }
}

#[cfg(feature = "rehearse")]
#[test]
fn help_names_every_exit_status() {
    let output = crossover(&["rehearse", "--help"]);
    assert!(output.status.success());
    let help = String::from_utf8_lossy(&output.stdout);
    for status in [
        "0 the requested outcome",
        "1 any other outcome",
        "2 could not run",
        "130 interrupted",
    ] {
        assert!(help.contains(status), "{help}");
    }
}

const BOTH: [&str; 5] = [
    "verify",
    "--source",
    "postgresql://nobody@127.0.0.1:1/none",
    "--target",
    "postgresql://nobody@127.0.0.1:1/none",
];

/// Refused before any connection: no server listens at these addresses.
fn refused(arguments: &[&str], words: &[&str]) {
    let output = crossover(arguments);
    let error = error(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    for word in words {
        assert!(error.contains(word), "{arguments:?}: {error}");
    }
    assert!(!error.contains("cannot be reached"), "{arguments:?}: {error}");
}

#[test]
fn a_certificate_that_cannot_be_made_is_refused_before_anything_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (new, key) = (path("new.json"), path("key.pem"));
    let with = |more: &[&str], words: &[&str]| refused(&[&BOTH[..], more].concat(), words);
    with(
        &["--certificate", &new],
        &["--signing-key", "CROSSOVER_SIGNING_KEY"],
    );
    with(
        &["--certificate", &new, "--quick"],
        &["cannot be used with", "--quick"],
    );
    with(&["--signing-key", &key], &["--certificate"]);

    let nowhere = path("nowhere/new.json");
    with(
        &["--certificate", &nowhere, "--signing-key", &key],
        &["nowhere/new.json does not exist"],
    );
    let there = path("there.json");
    std::fs::write(&there, "precious").unwrap();
    with(
        &["--certificate", &there, "--signing-key", &key],
        &[
            "there.json exists already",
            "never overwritten",
            "name another file",
        ],
    );
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "precious");
    let broken = path("broken.pem");
    std::fs::copy(&there, &broken).unwrap();
    std::fs::set_permissions(&broken, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    with(
        &["--certificate", &new, "--signing-key", &broken],
        &["broken.pem holds no signing key"],
    );
    let names = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 2, "something was written although everything was refused");
}

#[test]
fn a_certificate_to_check_has_to_be_there_and_takes_both_databases_or_none() {
    let certificate = ["verify", "--check-certificate", "no-such-certificate.json"];
    refused(&certificate, &["no-such-certificate.json", "No such file"]);
    refused(&[&certificate[..], &BOTH[1..3]].concat(), &["--target"]);
    refused(
        &[&certificate[..], &["--quick"]].concat(),
        &["cannot be used with"],
    );
    refused(&["verify", "--max-age", "1"], &["--check-certificate"]);
    refused(&["verify"], &["--source", "--target"]);
}

#[test]
fn a_repair_that_cannot_be_right_is_refused_before_anything_is_connected() {
    let nowhere = "postgresql://nobody@127.0.0.1:1/none?sslmode=disable";
    let verify = |more: &[&str]| {
        crossover(&[&["verify", "--source", nowhere, "--target", nowhere][..], more].concat())
    };
    let output = verify(&["--repair", "apply", "--writer", "target"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error(&output).contains("exchange --source and --target"),
        "{}",
        error(&output)
    );
    for more in [
        &["--repair", "plan", "--quick"][..],
        &["--repair", "plan", "--explain-sql"],
    ] {
        let output = verify(more);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(
            error(&output).contains("cannot be used with"),
            "{more:?}: {}",
            error(&output)
        );
    }
    let output = verify(&["--repair-out", "somewhere"]);
    assert!(error(&output).contains("--repair <MODE>"), "{}", error(&output));
}
