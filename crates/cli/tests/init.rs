//! `crossover init`: a file from what Terraform printed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

const OUTPUTS: &str = r#"{
  "state_machines": {
    "cutover": "arn:aws:states:eu-central-1:123456789012:stateMachine:shop-cutover",
    "rollback": "arn:aws:states:eu-central-1:123456789012:stateMachine:shop-rollback"
  },
  "journal_table": "shop-journal",
  "secrets": { "source": "shop/source", "target": "shop/target", "edge": "shop/edge" },
  "replication": { "shop": {
    "engine": "dms", "forward_task": "f", "reverse_task": "r", "post_rollback_task": "p",
    "replication_instance_arn": "i",
    "source_endpoints": { "read_arn": "a", "write_arn": "b" },
    "target_endpoints": { "read_arn": "c", "write_arn": "d" }
  } }
}"#;

fn init(folder: &Path, arguments: &[&str]) -> Output {
    fs::write(folder.join("outputs.json"), OUTPUTS).unwrap();
    Command::new(env!("CARGO_BIN_EXE_crossover"))
        .current_dir(folder)
        .args(["init", "--outputs", "outputs.json"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_written_file_is_read_by_the_other_commands_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let missing = init(folder.path(), &[]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(errors(&missing).contains("--admin-url"), "{}", errors(&missing));
    let given = ["--admin-url", "https://shop.example.com"];
    let written = init(folder.path(), &given);
    assert_eq!(written.status.code(), Some(0), "{}", errors(&written));
    let file = folder.path().join("crossover.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("# The migration shop"), "{text}");
    let again = init(folder.path(), &given);
    assert_eq!(again.status.code(), Some(2));
    assert!(errors(&again).contains("not overwritten"), "{}", errors(&again));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_file_with_a_misspelt_field_is_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), &["--admin-url", "https://shop.example.com"]);
    let file = folder.path().join("crossover.toml");
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("on_stragglers", "on_straglers");
    fs::write(&file, text).unwrap();
    for command in ["plan", "run", "status", "abort", "rollback"] {
        let output = Command::new(env!("CARGO_BIN_EXE_crossover"))
            .arg(command)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}: {}", errors(&output));
        assert!(
            errors(&output).contains("on_straglers"),
            "{command}: {}",
            errors(&output)
        );
    }
}
