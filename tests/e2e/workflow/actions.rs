//! The actions that the workflows use, as far as a run here can see what they do. One that is not here fails the test.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crossover_workflow_check::workflow::Step;

use super::{job::Machine, table::Table};

/// What actions find outside the machine of their job.
pub struct Outside<'a> {
    /// The files of the repository that a run reads.
    pub checkout: &'a Path,
    /// The artifacts of the run, a folder each.
    pub artifacts: PathBuf,
    /// The name of a role and the environment whose jobs may take it.
    pub roles: &'a [(&'a str, &'a str)],
}

/// Runs an action.
///
/// # Errors
/// The reason why the action fails.
pub fn act(
    step: &Step,
    table: &Table,
    environment: Option<&str>,
    machine: &mut Machine,
    outside: &Outside<'_>,
) -> Result<(), String> {
    let input = |name: &str| table.text(step.input(name));
    let inside = |machine: &Machine, name: &str| machine.workspace.join(input(name));
    match step.action() {
        Some("actions/checkout") => {
            assert_eq!(step.input("persist-credentials"), "false");
            copy(outside.checkout, &machine.workspace);
            Ok(())
        }
        Some("actions/upload-artifact") => {
            let (from, to) = (inside(machine, "path"), outside.artifacts.join(input("name")));
            match (from.exists(), step.input("if-no-files-found")) {
                (false, "warn") => return Ok(()),
                (false, _) => return Err(format!("no files were found with the path {}", input("path"))),
                (true, _) => {}
            }
            if to.exists() {
                return Err(format!(
                    "an artifact with the name {} exists already",
                    input("name")
                ));
            }
            copy(&from, &to);
            Ok(())
        }
        Some("actions/download-artifact") => {
            let from = outside.artifacts.join(input("name"));
            if !from.exists() {
                return Err(format!("artifact not found: {}", input("name")));
            }
            copy(&from, &inside(machine, "path"));
            Ok(())
        }
        Some("aws-actions/configure-aws-credentials") => {
            let role = input("role-to-assume");
            let trusts = |(name, of): &(&str, &str)| role.ends_with(name) && environment == Some(*of);
            if !outside.roles.iter().any(trusts) {
                return Err(format!(
                    "{role} does not trust a job of the environment {environment:?}"
                ));
            }
            for (name, value) in [
                ("AWS_REGION", input("aws-region")),
                ("AWS_DEFAULT_REGION", input("aws-region")),
                ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "of-no-account".to_owned()),
                ("AWS_SESSION_TOKEN", "of-no-account".to_owned()),
            ] {
                machine.variables.insert(name.to_owned(), value);
            }
            Ok(())
        }
        other => panic!("the action {other:?} has nothing here that stands for it"),
    }
}

/// Copies a file into a folder, or what is in a folder. Like an artifact, a copy cannot be executed.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let files: Vec<PathBuf> = if from.is_dir() {
        fs::read_dir(from)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    } else {
        vec![from.to_owned()]
    };
    for file in files {
        let copied = to.join(file.file_name().unwrap());
        fs::copy(&file, &copied).unwrap();
        fs::set_permissions(&copied, fs::Permissions::from_mode(0o644)).unwrap();
    }
}
