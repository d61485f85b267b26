//! The program from outside: a machine without linters, a checkout without workflows, a workflow with a fault.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs the check without any program on the path; returns success and all output.
fn check(arguments: &[&str], folder: &Path, in_ci: bool) -> anyhow::Result<(bool, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossover-workflow-check"));
    command.args(arguments).arg(folder);
    command.env("PATH", folder).env_remove("CI");
    if in_ci {
        command.env("CI", "true");
    }
    let output = command.output()?;
    Ok((output.status.success(), String::from_utf8(output.stderr)?))
}

fn checkout(workflow: &str) -> anyhow::Result<TempDir> {
    let root = tempfile::tempdir()?;
    let folder = root.path().join(".github/workflows");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("a.yml"), workflow)?;
    Ok(root)
}

#[test]
fn without_linters_the_check_says_so_and_fails_in_ci_only() {
    let nothing = tempfile::tempdir().unwrap();
    let arguments = ["--only", "rules,planted,tools", "--parts"];
    let (success, text) = check(&arguments, nothing.path(), false).unwrap();
    assert!(success, "{text}");
    assert!(
        text.contains("not checked: nothing was checked by actionlint, zizmor and shellcheck"),
        "{text}"
    );
    let (success, text) = check(&arguments, nothing.path(), true).unwrap();
    assert!(!success && text.contains("CI does not accept"), "{text}");
}

#[test]
fn a_checkout_without_workflows_is_an_error_and_no_success() {
    let nothing = tempfile::tempdir().unwrap();
    let (success, text) = check(&["--only", "rules", "--root"], nothing.path(), false).unwrap();
    assert!(!success && text.contains("cannot be read"), "{text}");
}

#[test]
fn a_finding_names_the_file_the_line_and_the_rule() {
    let root = checkout(
        "on: push\npermissions:\n  contents: read\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: []\n",
    )
    .unwrap();
    let (success, text) = check(&["--only", "rules", "--root"], root.path(), false).unwrap();
    assert!(!success, "{text}");
    assert!(
        text.contains(".github/workflows/a.yml:5: a: write timeout-minutes")
            && text.contains("[job-timeout]"),
        "{text}"
    );
}

#[test]
fn the_program_is_the_guard_of_what_it_starts() {
    let guard = Command::new(env!("CARGO_BIN_EXE_crossover-workflow-check"))
        .arg(crossover_stand::guard::HIDDEN_MODE)
        .output()
        .unwrap();
    let said = String::from_utf8(guard.stderr).unwrap();
    assert!(said.contains("no command after --"), "{said}");
}
