//! `cargo xtask bench edge`: CPU of the Worker for a request, outside of any cutover.

mod clients;
mod message;
mod origin;
mod report;
mod turns;
mod worker;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::{
    bench::{machine, publish::publish},
    workshop::Places,
    workspace::Workspace,
};
use clients::Load;
use origin::Origin;
use report::{Report, Sample};
use turns::Build;
use worker::Worker;

/// `cargo xtask bench edge`.
#[derive(Debug, Args)]
pub struct Options {
    /// Run an earlier bundle of the Worker as well, in turn with the present one
    ///
    /// Both must be made in the same way. The present one is optimized with wasm-opt, as in a rehearsal. In an
    /// earlier checkout, with a target folder of its own: `cargo build --locked -p edge-router --target
    /// wasm32-unknown-unknown --profile worker`, then `cargo run -p worker-bundle -- WASM FOLDER WASM_OPT`.
    #[arg(long, value_name = "FOLDER")]
    earlier: Option<PathBuf>,
    /// Bench another bundle instead of building this checkout's
    #[arg(long, value_name = "FOLDER")]
    ours: Option<PathBuf>,
    /// Use another workerd than that of the parts; with --ours nothing is built
    #[arg(long, value_name = "PROGRAM")]
    workerd: Option<PathBuf>,
    /// Publish a directory with this many rules at our Worker first, and let the target answer a share of the reads
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    rules: Option<u64>,
    /// With --rules: number of keys that are exceptions of the share
    #[arg(long, default_value_t = 0, value_name = "N", requires = "rules")]
    exceptions: u64,
    /// With --rules: the share of the reads that the target answers, in percent
    #[arg(long, default_value_t = 10.0, value_name = "PERCENT", requires = "rules")]
    reads: f64,
    /// Number of rounds; in a round each Worker has one turn with GET and one with POST
    #[arg(long, default_value_t = 24, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Number of rounds before those that count
    #[arg(long, default_value_t = 2, value_name = "K")]
    warm_up: u64,
    /// Number of requests in a turn
    #[arg(long, default_value_t = 6_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..))]
    requests: u64,
    /// Number of connections that send requests at the same time
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=200))]
    connections: u64,
    /// Write the JSON to a file as well
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    for folder in options.earlier.iter().chain(&options.ours) {
        ensure!(
            folder.join(worker::ENTRY).is_file(),
            "{} is not the folder of a Worker's bundle: it has no {}",
            folder.display(),
            worker::ENTRY
        );
    }
    // Before the build, which would count as load otherwise.
    let machine = machine::machine();
    let (workerd, ours) = programs(workspace, options)?;
    let origins = [Origin::start()?, Origin::start()?];
    let folder = workspace.target.join("bench/edge");
    let start = |build: Build, bundle: &Path| {
        let worker = Worker::start(
            workspace,
            &workerd,
            bundle,
            &origins,
            &emptied(&folder.join(build.name()))?,
        )?;
        anyhow::Ok((build, worker))
    };
    let plain = plain(&folder)?;
    let mut workers = vec![start(Build::Ours, &ours)?, start(Build::Plain, &plain)?];
    if let Some(earlier) = &options.earlier {
        workers.push(start(Build::Earlier, earlier)?);
    }
    if let Some(rules) = options.rules {
        let (_, ours) = &workers[0];
        publish_rules(workspace, options, ours, &origins, rules)?;
    }
    let samples = measure(&workers, options)?;
    let report = Report {
        options,
        machine,
        revision: machine::revision(workspace),
        workerd: worker::version(&workerd)?,
        samples,
    };
    eprintln!("\n{}", report.table());
    publish(&report.json(), options.out.as_deref())?;
    let missed = report.missed();
    if !missed.is_empty() {
        bail!("missed:\n  {}", missed.join("\n  "));
    }
    Ok(())
}

/// workerd and the present bundle.
fn programs(workspace: &Workspace, options: &Options) -> anyhow::Result<(PathBuf, PathBuf)> {
    if let (Some(workerd), Some(ours)) = (&options.workerd, &options.ours) {
        return Ok((workerd.clone(), ours.clone()));
    }
    workspace.run_cargo(&[
        "build",
        "--locked",
        "--package",
        "crossover-rehearsal",
        "--bin",
        "crossover-workshop",
    ])?;
    let workshop = workspace.target.join("debug/crossover-workshop");
    let places = Places::prepare(&workshop, &workspace.root)?;
    let given = |given: &Option<PathBuf>, name| given.clone().map_or_else(|| places.path(name), Ok);
    Ok((
        given(&options.workerd, "workerd")?,
        given(&options.ours, "worker_bundle")?,
    ))
}

/// Publishes a directory of so many rules at our Worker, and shares its reads.
fn publish_rules(
    workspace: &Workspace,
    options: &Options,
    ours: &Worker,
    origins: &[Origin; 2],
    rules: u64,
) -> anyhow::Result<()> {
    eprintln!(
        "  … {rules} rules and {} % of the reads at the target",
        options.reads
    );
    let status = workspace
        .cargo()
        .args(["run", "--quiet", "--locked", "--package", "crossover-rehearsal"])
        .args(["--bin", "crossover-bench-rules", "--"])
        .args([
            format!("http://{}", ours.address),
            worker::KEY_ID.to_owned(),
            worker::key(),
        ])
        .args(origins.each_ref().map(Origin::url))
        .args([
            rules.to_string(),
            options.exceptions.to_string(),
            options.reads.to_string(),
        ])
        .status()
        .context("cargo cannot be run")?;
    ensure!(status.success(), "the rules could not be published; see above");
    Ok(())
}

/// The bundle of a router without rules, with which ours is compared.
fn plain(folder: &Path) -> anyhow::Result<PathBuf> {
    let bundle = folder.join("plain-bundle");
    fs::create_dir_all(&bundle)?;
    fs::write(bundle.join(worker::ENTRY), include_str!("edge/plain.js"))?;
    Ok(bundle)
}

/// A new folder; that of a former bench is removed, with its lanes.
fn emptied(folder: &Path) -> anyhow::Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    Ok(folder.to_owned())
}

/// The samples of all rounds that count.
fn measure(workers: &[(Build, Worker)], options: &Options) -> anyhow::Result<Vec<Sample>> {
    let builds: Vec<Build> = workers.iter().map(|(build, _)| *build).collect();
    let load = Load {
        connections: options.connections,
        requests: options.requests,
    };
    let mut samples = Vec::new();
    for round in 0..options.warm_up + options.rounds {
        let mut words = Vec::new();
        for (method, build) in turns::turns(round, &builds) {
            let (_, worker) = workers
                .iter()
                .find(|(other, _)| *other == build)
                .context("a build without a Worker")?;
            let seconds = load
                .run(worker.address, method, || worker.cpu_seconds())
                .with_context(|| format!("{} of the Worker ({})", method.name(), build.name()))?;
            let micros = seconds * 1e6 / options.requests as f64;
            words.push(format!("{} {} {micros:.0}", method.name(), build.name()));
            samples.push(Sample {
                round,
                method,
                build,
                micros,
            });
        }
        let kind = if round < options.warm_up {
            ", for warm-up"
        } else {
            ""
        };
        eprintln!("  round {}{kind}: {} us", round + 1, words.join(", "));
    }
    samples.retain(|sample| sample.round >= options.warm_up);
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::parsed;

    #[test]
    fn all_options_have_defaults_and_figures_of_nothing_are_refused() {
        let options: Options = parsed(&[]).unwrap();
        assert!(options.earlier.is_none() && options.ours.is_none() && options.workerd.is_none());
        assert!(options.rounds >= 12);
        for line in [["--rounds", "0"], ["--requests", "99"], ["--connections", "0"]] {
            assert!(parsed::<Options>(&line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn folders_and_numbers_are_read() {
        let line = [
            "--earlier",
            "/e",
            "--ours",
            "/o",
            "--warm-up",
            "0",
            "--requests",
            "100",
        ];
        let options: Options = parsed(&line).unwrap();
        assert_eq!(options.earlier.as_deref(), Some(Path::new("/e")));
        assert_eq!(options.ours.as_deref(), Some(Path::new("/o")));
        assert_eq!((options.warm_up, options.requests), (0, 100));
    }
}
