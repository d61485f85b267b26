//! What the programs of the checks have in common.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;

/// The checkout that holds the crate of this `CARGO_MANIFEST_DIR`.
pub fn checkout(manifest: &str) -> anyhow::Result<PathBuf> {
    let root = Path::new(manifest).ancestors().nth(2);
    Ok(root
        .with_context(|| format!("{manifest} is not a crate of the workspace"))?
        .to_owned())
}

/// A folder that the user named, or the default one.
pub fn folder(given: Option<PathBuf>, default: impl FnOnce() -> PathBuf) -> anyhow::Result<PathBuf> {
    match given {
        None => Ok(default()),
        Some(given) => given
            .canonicalize()
            .with_context(|| format!("{} cannot be found", given.display())),
    }
}

/// The end of a check: 1 for a finding and for a check that could not run.
pub fn ended(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
