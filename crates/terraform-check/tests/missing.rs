//! A machine without a usable Terraform, or without checkov: the check says so, and fails in CI only.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs a step alone, over the files without a fault. Returns success and all output.
fn check(step: &str, path: &Path, in_ci: bool) -> anyhow::Result<(bool, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossover-terraform-check"));
    command
        .args(["--only", step, "--parts"])
        .arg(path)
        .arg("--folder");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/planted"));
    command.env("PATH", path).env_remove("CI");
    if in_ci {
        command.env("CI", "true");
    }
    let output = command.output()?;
    let text = String::from_utf8(output.stderr)?;
    Ok((output.status.success(), text))
}

#[test]
fn without_terraform_the_check_names_what_it_leaves_out_and_fails_in_ci_only() {
    let nothing = tempfile::tempdir().unwrap();
    let (success, text) = check("fmt", nothing.path(), false).unwrap();
    assert!(success, "{text}");
    assert!(
        text.contains("not checked: nothing was checked by Terraform itself"),
        "{text}"
    );
    assert!(text.contains("install Terraform 1.11.0 or newer"), "{text}");
    let (success, text) = check("fmt", nothing.path(), true).unwrap();
    assert!(!success && text.contains("CI does not accept"), "{text}");
}

#[test]
fn without_checkov_the_check_says_so_and_fails_in_ci_only() {
    let nothing = tempfile::tempdir().unwrap();
    let (success, text) = check("checkov", nothing.path(), false).unwrap();
    assert!(success, "{text}");
    assert!(
        text.contains("not checked: nothing was checked by checkov") && text.contains("Install Python"),
        "{text}"
    );
    let (success, text) = check("checkov", nothing.path(), true).unwrap();
    assert!(!success && text.contains("CI does not accept"), "{text}");
}

#[test]
fn an_old_terraform_is_as_good_as_none() {
    let old = tempfile::tempdir().unwrap();
    let program = old.path().join("terraform");
    fs::write(&program, "#!/bin/sh\necho '{\"terraform_version\": \"1.5.7\"}'\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let (success, text) = check("fmt", old.path(), false).unwrap();
    assert!(success && text.contains("Terraform 1.5.7 is too old"), "{text}");
}

#[test]
fn a_folder_without_files_is_an_error_and_no_success() {
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossover-terraform-check"));
    let output = command.arg("--folder").arg(empty.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("contains no file of Terraform")
    );
}

#[test]
fn the_program_is_the_guard_of_what_it_starts() {
    let guard = Command::new(env!("CARGO_BIN_EXE_crossover-terraform-check"))
        .arg(crossover_stand::guard::HIDDEN_MODE)
        .output()
        .unwrap();
    let said = String::from_utf8(guard.stderr).unwrap();
    assert!(said.contains("no command after --"), "{said}");
}
