//! Finds the program that can act as the guard.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use super::{HIDDEN_MODE, INSTALLED};
use crate::error::{Result, StandError};

const PROGRAM: &str = "stand-guard";
/// Path of a guard program; set by the user or by `cargo xtask test`.
const OVERRIDE: &str = "CROSSOVER_GUARD";

/// The start of a guard's command line: the named program, this executable's hidden mode, or `stand-guard` in
/// the same folder (or in the folder above, for tests).
pub(crate) fn guard_command() -> Result<Command> {
    if let Some(program) = env::var_os(OVERRIDE) {
        return Ok(Command::new(program));
    }
    let this = env::current_exe().map_err(StandError::io("finding", "this executable"))?;
    if INSTALLED.get().is_some() {
        let mut command = Command::new(this);
        command.arg(HIDDEN_MODE);
        return Ok(command);
    }
    beside(&this).map(Command::new)
}

fn beside(this: &Path) -> Result<PathBuf> {
    let folder = this.parent().unwrap_or(Path::new("."));
    let candidates = [folder.join(PROGRAM), folder.join("..").join(PROGRAM)];
    let find = || candidates.iter().find(|path| path.is_file()).cloned();
    if let Some(found) = find() {
        return Ok(found);
    }
    build(folder);
    find().ok_or_else(|| StandError::GuardMissing {
        looked: candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// `cargo test -p some-crate` builds no binaries of that crate's dev-dependencies, so the first test run that
/// needs the guard builds it.
fn build(folder: &Path) {
    static ONCE: Mutex<bool> = Mutex::new(false);
    let mut done = ONCE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let (false, Some(cargo), Some((target, profile))) = (*done, env::var_os("CARGO"), built_in(folder)) {
        let _ = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--package",
                "crossover-stand",
                "--bin",
                PROGRAM,
                "--profile",
            ])
            .arg(profile)
            .arg("--target-dir")
            .arg(target)
            .status();
    }
    *done = true;
}

/// The target folder and the profile of an executable in this folder: target/debug of a program, target/debug/deps of a
/// test.
fn built_in(folder: &Path) -> Option<(&Path, &OsStr)> {
    let of_profile = if folder.file_name()? == "deps" {
        folder.parent()?
    } else {
        folder
    };
    let profile = of_profile.file_name()?;
    let profile = if profile == "debug" {
        "dev".as_ref()
    } else {
        profile
    };
    Some((of_profile.parent()?, profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_tests_are_built_in_the_same_target() {
        for (folder, profile) in [
            ("/a/target/debug", "dev"),
            ("/a/target/debug/deps", "dev"),
            ("/a/target/release", "release"),
            ("/a/target/bench/deps", "bench"),
        ] {
            let built = built_in(Path::new(folder)).unwrap();
            assert_eq!(built, (Path::new("/a/target"), OsStr::new(profile)), "{folder}");
        }
    }
}
