//! Terraform itself: found on this machine, given the plugins of its providers, and run on a copy of the files, so
//! that the checkout stays as it is.

pub mod copy;
pub mod events;
pub mod folder;
pub mod plugins;
pub mod state;
pub mod version;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use crossover_stand::process::Launch;
use serde_json::Value;

use version::Version;

const PROGRAM: &str = "terraform";
/// The oldest version with write-only arguments and locks in S3.
const OLDEST: Version = Version([1, 11, 0]);
/// Settings of a caller that would change what a command does.
const DISTURBING: &[&str] = &[
    "TF_CLI_ARGS",
    "TF_DATA_DIR",
    "TF_INPUT",
    "TF_LOG",
    "TF_REATTACH_PROVIDERS",
    "TF_VAR_",
    "TF_WORKSPACE",
];
/// What keeps a plan away from every real account, should a test forget to replace the provider.
const NO_ACCOUNT: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "none"),
    ("AWS_SECRET_ACCESS_KEY", "none"),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("CLOUDFLARE_API_TOKEN", "none"),
];

/// What keeps Terraform from asking for a newer version and from advice to a reader.
const QUIET: &[(&str, &str)] = &[("CHECKPOINT_DISABLE", "1"), ("TF_IN_AUTOMATION", "1")];

/// A usable Terraform.
#[derive(Debug, Clone)]
pub struct Terraform {
    program: PathBuf,
    pub version: Version,
    /// Variables of every command.
    environment: Vec<(&'static str, PathBuf)>,
    /// Held by the one `init` that runs: Terraform's cache of plugins does not bear two at a time.
    initializing: Arc<Mutex<()>>,
}

impl Terraform {
    fn of(program: PathBuf) -> Self {
        Self {
            program,
            version: OLDEST,
            environment: Vec::new(),
            initializing: Arc::default(),
        }
    }

    /// Finds Terraform on the PATH. The error says what to install.
    pub fn find() -> Result<Self, String> {
        let remedy = format!("install Terraform {OLDEST} or newer and put it on the PATH");
        let mut terraform = Self::of(PROGRAM.into());
        let output = terraform.command(Path::new("."), &["version", "-json"]).output();
        let output = output.map_err(|error| format!("Terraform cannot be run ({error}); {remedy}"))?;
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let found = answer["terraform_version"].as_str().and_then(Version::parse);
        terraform.version = found.ok_or_else(|| format!("`{PROGRAM} version` names no version; {remedy}"))?;
        if terraform.version < OLDEST {
            return Err(format!("Terraform {} is too old; {remedy}", terraform.version));
        }
        Ok(terraform)
    }

    /// The same with a further variable for every command.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: PathBuf) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Runs `init` in a folder; commands of other folders may run meanwhile, but no second `init`.
    pub fn init(&self, folder: &Path, options: &[&str]) -> anyhow::Result<Output> {
        // The lock guards files, not a value: after a panic they are as after any `init` that was stopped.
        let _alone = self.initializing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut arguments = vec!["init", "-input=false", "-no-color"];
        arguments.extend(options);
        self.run(folder, &arguments)
    }

    /// Runs a command in a folder to its end.
    pub fn run(&self, folder: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = self.command(folder, arguments).output();
        output.with_context(|| format!("terraform {} cannot be run", arguments.join(" ")))
    }

    /// A command under a guard, which ends it and its plugins however this program ends. Both outputs go to `log`.
    pub fn guarded(&self, folder: &Path, arguments: &[&str], log: &Path) -> Launch {
        let name = format!("terraform {}", arguments.first().unwrap_or(&""));
        let mut launch = Launch::new(name, &self.program, log)
            .args(arguments)
            .dir(folder)
            .only_given_env();
        for (name, value) in NO_ACCOUNT.iter().chain(QUIET) {
            launch = launch.env(name, value);
        }
        for (name, value) in &self.environment {
            launch = launch.env(name, value);
        }
        launch
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if DISTURBING.iter().any(|start| text.starts_with(start)) || text.starts_with("AWS_") {
                command.env_remove(&name);
            }
        }
        command
            .args(arguments)
            .current_dir(folder)
            .envs(NO_ACCOUNT.iter().copied())
            .envs(QUIET.iter().copied())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

/// The lines of an output that say what went wrong: from "Error:" on, without the frame.
pub fn reason(output: &Output) -> String {
    let text = [&output.stderr[..], &output.stdout[..]]
        .map(String::from_utf8_lossy)
        .concat();
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_start_matches(['╷', '│', '╵']).trim())
        .collect();
    let from = lines
        .iter()
        .position(|line| line.starts_with("Error:"))
        .unwrap_or(0);
    let lines: Vec<&str> = lines[from..]
        .iter()
        .copied()
        .filter(|line| !line.is_empty())
        .take(6)
        .collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that fails where another one is at work, and stays at work for a moment.
    const ALONE: &str = "#!/bin/sh\nmkdir busy || exit 1\nsleep 0.2\nrmdir busy\n";

    #[test]
    fn no_two_folders_are_initialized_at_the_same_time() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, ALONE).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let terraform = Terraform::of(program);
        let place = folder.path();
        std::thread::scope(|scope| {
            let started: Vec<_> = (0..4)
                .map(|_| terraform.clone())
                .map(|terraform| scope.spawn(move || terraform.init(place, &[]).unwrap()))
                .collect();
            for worker in started {
                assert!(worker.join().unwrap().status.success());
            }
        });
    }
}
