//! Rust's standard library for the Worker's target. rust-toolchain.toml names the target, but rustup installs
//! it only where automatic installation of toolchains is enabled.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use crossover_stand::{Progress, progress::step};
use tokio::process::Command;

use crate::error::{RehearsalError, Result};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Ensures that the toolchain of the workspace can build for [`WASM_TARGET`]; installs the target with rustup
/// if necessary.
pub async fn ensure(workspace: &Path, progress: &dyn Progress) -> Result<()> {
    if library(workspace).await.is_some_and(|library| library.is_dir()) {
        return Ok(());
    }
    let adding = step(
        progress,
        format!("adding Rust's standard library for {WASM_TARGET} (rustup)"),
    );
    let run = Command::new("rustup")
        .args(["target", "add", WASM_TARGET])
        .current_dir(workspace)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    match run {
        Ok(run) if run.status.success() => {
            adding.done();
            Ok(())
        }
        Ok(run) => Err(missing(&String::from_utf8_lossy(&run.stderr))),
        Err(error) => Err(missing(&format!("rustup cannot be run: {error}"))),
    }
}

fn missing(output: &str) -> RehearsalError {
    RehearsalError::Build {
        what: format!(
            "the Worker needs Rust's standard library for {WASM_TARGET}, and it could not be added; install Rust by \
             https://rustup.rs, then run `rustup target add {WASM_TARGET}`:"
        ),
        output: output.to_owned(),
    }
}

/// The folder of the library, whether or not it exists.
async fn library(workspace: &Path) -> Option<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let run = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .current_dir(workspace)
        .stdin(Stdio::null())
        .output()
        .await
        .ok()?;
    let text = String::from_utf8(run.stdout).ok()?;
    Some(PathBuf::from(text.trim()))
}
