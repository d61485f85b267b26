//! `crossover explain`.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

use std::process::{Command, Stdio};

use crossover_contracts::document::validate;
use crossover_core::StageError;
use crossover_stages::pre_check::catalogue;
use serde_json::Value;

fn explain(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossover"))
        .arg("explain")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn an_error_is_explained_with_what_the_run_did_and_the_remedy_in_capitals_or_not() {
    for name in ["MarkerNotSeen", "markernotseen"] {
        let (status, text, error) = explain(&[name]);
        assert_eq!(status, Some(0), "{error}");
        for word in [
            "MarkerNotSeen (error of a stage)",
            "replication task's latency",
            "not within the run",
            "docs/errors.md",
        ] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn a_check_and_the_end_of_an_execution_are_explained() {
    let (status, text, _) = explain(&["pg11"]);
    assert_eq!(status, Some(0));
    for word in ["PG11 (pre-check)", "primary key", "blocks", "docs/checks.md"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let (status, text, _) = explain(&["AbortFailed"]);
    assert_eq!(status, Some(0));
    assert!(
        text.contains("end of an execution") && text.contains("docs/runbooks.md, AbortFailed"),
        "{text}"
    );
}

#[test]
fn without_a_name_everything_is_listed_and_the_json_fits_its_schema() {
    let (status, text, _) = explain(&[]);
    assert_eq!(status, Some(0));
    let (_, json, _) = explain(&["--json"]);
    let document: Value = serde_json::from_str(&json).unwrap();
    validate("explanations", &document).unwrap();
    let explanations = document["explanations"].as_array().unwrap();
    let checks = catalogue();
    for name in StageError::NAMES
        .iter()
        .copied()
        .chain(checks.iter().map(|check| check.id()))
    {
        assert!(text.contains(&format!("  {name} ")), "{name}: {text}");
        assert_eq!(
            explanations.iter().filter(|e| e["name"] == name).count(),
            1,
            "{name}"
        );
    }
    let (_, json, _) = explain(&["--json", "PG11"]);
    let one: Value = serde_json::from_str(&json).unwrap();
    validate("explanations", &one).unwrap();
    assert_eq!(one["explanations"].as_array().unwrap().len(), 1);
}

#[test]
fn an_unknown_name_ends_with_2_and_the_nearest_names() {
    let (status, text, error) = explain(&["MarkerNotSene"]);
    assert_eq!((status, text.as_str()), (Some(2), ""));
    assert!(
        error.contains("\"MarkerNotSene\"") && error.contains("similar names: MarkerNotSeen"),
        "{error}"
    );
    let (status, _, error) = explain(&["zzzzzz"]);
    assert_eq!(status, Some(2));
    assert!(
        !error.contains("similar") && error.contains("crossover explain"),
        "{error}"
    );
}
