//! `crossover-workshop <workspace>`: fetches the components, including those of the tests, builds the
//! product, and prints their paths as JSON.
//!
//! For `cargo xtask test`, which needs the paths before it can start dependent tests. This is a program of
//! this crate and not a dependency of xtask, so that it is compiled together with the tests, and nothing
//! twice.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use crossover_rehearsal::workshop;
use crossover_stand::{
    Parts, Progress, StandError,
    parts::{self, Set},
};

fn main() -> ExitCode {
    let Some(workspace) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: crossover-workshop <workspace>");
        return ExitCode::from(2);
    };
    let made = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(make(&workspace)));
    match made {
        Ok(places) => {
            println!("{places}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn make(workspace: &Path) -> Result<serde_json::Value, String> {
    let [parts, _] = fetch(workspace).await.map_err(|error| error.to_string())?;
    let products = workshop::build(workspace, None, &parts, &Lines)
        .await
        .map_err(|error| error.to_string())?;
    Ok(serde_json::json!({
        "workerd": parts.workerd(),
        "wasm_opt": parts.wasm_opt(),
        "asl_validator": parts.asl_validator(),
        "worker_bundle": products.worker.dir,
        "bootstrap": products.bootstrap,
    }))
}

/// All sets: tests that run in parallel must not wait for a download.
async fn fetch(workspace: &Path) -> Result<[Parts; 2], StandError> {
    parts::ensure(workspace, Set::Terraform, &Lines).await?;
    parts::ensure(workspace, Set::Workflows, &Lines).await?;
    parts::ensure(workspace, Set::Checkov, &Lines).await?;
    Ok([
        parts::ensure(workspace, Set::Rehearsal, &Lines).await?,
        parts::ensure(workspace, Set::Servers, &Lines).await?,
    ])
}

/// One line when a step begins and one when it ends: suitable for a terminal and for a CI log.
struct Lines;

impl Progress for Lines {
    fn started(&self, step: &str) {
        eprintln!("  … {step}");
    }

    fn done(&self, step: &str, elapsed: Duration) {
        eprintln!("  ✓ {step} ({:.1} s)", elapsed.as_secs_f64());
    }

    fn failed(&self, step: &str, elapsed: Duration) {
        eprintln!("  ✗ {step} ({:.1} s)", elapsed.as_secs_f64());
    }
}
