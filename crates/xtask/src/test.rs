//! `cargo xtask test`.

use std::time::Instant;

use anyhow::{Context, bail};

use crate::{lambda_size, layers, machines, workshop::Places, workspace::Workspace};

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
    let places = Places::prepare(&built.join("crossover-workshop"), &workspace.root)?;
    announce("check the size of the functions");
    lambda_size::checked_size(&places.path("bootstrap")?)?;

    announce("lint the state machines");
    machines::lint(&workspace.root, &places.path("asl_validator")?)?;

    let environment = [
        ("CROSSOVER_WORKERD", places.path("workerd")?),
        ("CROSSOVER_WORKER_BUNDLE", places.path("worker_bundle")?),
        ("CROSSOVER_WASM_OPT", places.path("wasm_opt")?),
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
