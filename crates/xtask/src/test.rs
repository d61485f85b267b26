//! `cargo xtask test`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{lambda_size, layers, machines, workspace::Workspace};

/// Compiles the tests, fetches and builds everything they need, and runs them. The last lines of output are
/// cargo's own.
///
/// The tests are compiled first and as one selection of packages: the same build contains the programs they
/// start (`crossover`, `stand-guard`, `crossover-workshop`), so that no dependency is compiled a second time
/// for those programs.
pub fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<()> {
    let since = Instant::now();
    let announce = |step: &str| eprintln!("xtask, after {} s: {step}", since.elapsed().as_secs());
    announce("check the dependencies between the crates");
    layers::check(workspace)?;

    announce("compile the tests");
    workspace.run_cargo(&["build", "--workspace", "--tests", "--locked"])?;
    let built = workspace.target.join("debug");

    announce("fetch the parts and the test servers, build the functions and the Worker");
    let places = workshop(&built.join("crossover-workshop"), &workspace.root)?;
    let place = |name: &str| {
        places[name]
            .as_str()
            .map(PathBuf::from)
            .with_context(|| format!("crossover-workshop does not report the path of {name}"))
    };
    announce("check the size of the functions");
    lambda_size::checked_size(&place("bootstrap")?)?;

    announce("lint the state machines");
    machines::lint(&workspace.root, &place("asl_validator")?)?;

    let environment = [
        ("CROSSOVER_WORKERD", place("workerd")?),
        ("CROSSOVER_WORKER_BUNDLE", place("worker_bundle")?),
        ("CROSSOVER_WASM_OPT", place("wasm_opt")?),
        ("CROSSOVER_GUARD", built.join("stand-guard")),
        ("CROSSOVER_BIN", built.join("crossover")),
    ];
    let mut test = vec!["test", "--workspace", "--locked"];
    test.extend(arguments.iter().map(String::as_str));
    announce(&format!("cargo {}", test.join(" ")));
    let status = workspace
        .cargo()
        .args(&test)
        .envs(environment)
        .status()
        .context("cargo cannot be run")?;
    if !status.success() {
        bail!("cargo {} failed ({status})", test.join(" "));
    }
    eprintln!("xtask: all passed, in {} s", since.elapsed().as_secs());
    Ok(())
}

/// Runs crossover-workshop; its progress is shown on the terminal.
fn workshop(program: &Path, root: &Path) -> anyhow::Result<Value> {
    let output = Command::new(program)
        .arg(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    if !output.status.success() {
        bail!("the parts or programs for the tests could not be prepared; see the lines above");
    }
    serde_json::from_slice(&output.stdout).context("the answer of crossover-workshop is not JSON")
}
