//! Builds the components of a rehearsal from the sources of the workspace: the Lambda functions and the
//! Worker.

mod wasm_target;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use crossover_stand::{Parts, Progress, progress::step};
use tokio::process::Command;
use wasm_target::WASM_TARGET;
use worker_bundle::{Bundle, BundleError};

use crate::error::{RehearsalError, Result};

/// The built programs.
#[derive(Debug)]
pub struct Products {
    /// The program of all functions, as deployed; the handler selects the function.
    pub bootstrap: PathBuf,
    /// The Worker.
    pub worker: Bundle,
}

/// Builds everything that is not up to date; of a Worker that is given, nothing.
pub async fn build(
    workspace: &Path,
    given: Option<&Path>,
    parts: &Parts,
    progress: &dyn Progress,
) -> Result<Products> {
    let target = target_dir(workspace).await?;
    let building = step(progress, "build the Lambda functions");
    cargo(
        workspace,
        &[
            "build",
            "--profile",
            "lambda",
            "--package",
            "crossover-stages",
            "--bin",
            "bootstrap",
        ],
    )
    .await?;
    building.done();
    let worker = match given {
        Some(folder) => Bundle::open(folder).map_err(broken)?,
        None => worker(workspace, &target, parts, progress).await?,
    };
    Ok(Products {
        bootstrap: target.join("lambda").join("bootstrap"),
        worker,
    })
}

/// Builds the Worker.
async fn worker(workspace: &Path, target: &Path, parts: &Parts, progress: &dyn Progress) -> Result<Bundle> {
    wasm_target::ensure(workspace, progress).await?;
    let building = step(progress, "build the Worker");
    cargo(
        workspace,
        &[
            "build",
            "--profile",
            "worker",
            "--package",
            "edge-router",
            "--target",
            WASM_TARGET,
        ],
    )
    .await?;
    let wasm = target.join(WASM_TARGET).join("worker/edge_router.wasm");
    let worker = bundle(&wasm, &target.join("worker-bundle"), parts).await?;
    building.done();
    Ok(worker)
}

/// Runs cargo, first without the network, because a second run must not need the network.
async fn cargo(workspace: &Path, arguments: &[&str]) -> Result<()> {
    let mut output = String::new();
    for network in [&["--offline"][..], &[]] {
        let run = cargo_command()
            .args(arguments)
            .args(network)
            .current_dir(workspace)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(RehearsalError::file("cargo"))?;
        if run.status.success() {
            return Ok(());
        }
        output = String::from_utf8_lossy(&run.stderr).into_owned();
    }
    Err(RehearsalError::Build {
        what: format!("cargo {} failed:", arguments.join(" ")),
        output,
    })
}

/// Cargo without the variables that an outer cargo (`cargo run`, `cargo test`) sets about its package: build
/// scripts such as ring's read them, so that everything would be built again for every package that runs
/// cargo.
fn cargo_command() -> Command {
    const OF_THE_OUTER_PACKAGE: [&str; 6] = [
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "CARGO_PRIMARY_",
        "CARGO_TARGET_TMPDIR",
    ];
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OF_THE_OUTER_PACKAGE.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Cargo's target folder; `CARGO_TARGET_DIR` and configuration files are respected.
async fn target_dir(workspace: &Path) -> Result<PathBuf> {
    let run = cargo_command()
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(workspace)
        .output()
        .await
        .map_err(RehearsalError::file("cargo"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap_or_default();
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| RehearsalError::Build {
            what: "cargo metadata failed: is this the workspace of Crossover?".to_owned(),
            output: String::from_utf8_lossy(&run.stderr).into_owned(),
        })
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err asks for")]
pub(crate) fn broken(error: BundleError) -> RehearsalError {
    RehearsalError::Build {
        what: "the Worker's bundle is broken:".to_owned(),
        output: error.to_string(),
    }
}

/// Bundles the wasm unless the bundle was made from the same wasm and the same scripts.
async fn bundle(wasm: &Path, dir: &Path, parts: &Parts) -> Result<Bundle> {
    use sha2::{Digest, Sha256};
    let bytes = fs::read(wasm).map_err(RehearsalError::file(wasm))?;
    let scripts = worker_bundle::scripts().map(|(_, text)| text.as_bytes());
    let key = scripts.fold(Sha256::new_with_prefix(&bytes), |key, text| {
        key.chain_update(text)
    });
    let key = hex::encode(key.finalize());
    let (stamp, made) = (dir.join("made-from"), dir.join(&key[..16]));
    if fs::read_to_string(&stamp).is_ok_and(|last| last == key) {
        return Bundle::open(&made).map_err(broken);
    }
    let (wasm, wasm_opt, out) = (wasm.to_owned(), parts.wasm_opt(), made.clone());
    let bundled = tokio::task::spawn_blocking(move || worker_bundle::bundle(&wasm, &out, Some(&wasm_opt)))
        .await
        .map_err(|e| RehearsalError::Build {
            what: "bundling the Worker panicked:".to_owned(),
            output: e.to_string(),
        })?
        .map_err(|e| RehearsalError::Build {
            what: "bundling the Worker failed:".to_owned(),
            output: e.to_string(),
        })?;
    fs::write(&stamp, key).map_err(RehearsalError::file(&stamp))?;
    Ok(bundled)
}
