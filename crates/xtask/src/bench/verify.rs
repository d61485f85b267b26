//! `cargo xtask bench verify`, from the build to the report.

use std::{path::Path, time::Instant};

use anyhow::bail;

use crate::{
    bench::{
        comparison::{self, BenchContext, Candidate, Entry},
        data,
        floor::{Floor, HashSql},
        linearity, machine,
        options::{Group, Options},
        other_tools::OtherTool,
        ours::Ours,
        outcome::Outcome,
        planted,
        programs::{OURS, STAND, build_released, released},
        publish::publish,
        report::Report,
        stand::{Kind, Stand},
    },
    workspace::Workspace,
};

/// Announces each step with the time since the start.
struct Clock(Instant);

impl Clock {
    fn announce(&self, step: &str) {
        eprintln!("xtask, after {} s: {step}", self.0.elapsed().as_secs());
    }
}

pub fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let folder = workspace.target.join("bench");
    if options.install {
        return OtherTool::ALL.iter().try_for_each(|tool| tool.install(&folder));
    }
    let clock = Clock(Instant::now());
    // Before the build, which would count as load otherwise.
    let machine = machine::machine();
    clock.announce("build");
    let ours = build(workspace, options)?;
    let earlier = options
        .earlier
        .clone()
        .map(|program| Ours::new(program, options.jobs));
    let other_tools = other_tools(options, &folder);
    let builds = || {
        let ours = ours.iter().map(|_| Candidate::Ours);
        ours.chain(earlier.iter().map(|_| Candidate::Earlier))
            .collect::<Vec<_>>()
    };

    clock.announce("start the servers");
    let holder = released(workspace, "crossover-bench-stand");
    let mut stand = Stand::start(&holder, &workspace.root, &folder.join("servers"), Kind::Static)?;
    let versions = machine::versions(workspace, &stand, ours.as_ref())?;
    clock.announce("generate the rows");
    data::fill(&mut stand, options.rows)?;
    let hash = HashSql::choose(ours.as_ref(), &stand);
    let mut ctx = BenchContext {
        stand: &mut stand,
        options,
        ours: ours.as_ref(),
        earlier: earlier.as_ref(),
        hash: &hash,
        folder: &folder.join("outputs"),
    };

    clock.announce("equal tables");
    let mut candidates = builds();
    candidates.extend(other_tools.iter().cloned());
    if options.includes(Group::Floor) {
        candidates.extend(Floor::ALL.map(Candidate::Floor));
    }
    let identical = comparison::run_in_turn(&mut ctx, candidates)?;

    let mut sizes = Vec::new();
    if options.scale && ours.is_some() {
        clock.announce("tables of several sizes");
        sizes = linearity::measure(&mut ctx)?;
    }

    clock.announce("twenty differences");
    let planted = planted::planted(options.rows);
    data::plant(ctx.stand, &planted)?;
    let mut candidates = builds();
    candidates.extend(other_tools.iter().cloned());
    let mut different = comparison::run_in_turn(&mut ctx, candidates)?;
    let sorted = other_tools.iter().filter_map(Candidate::sorted).collect();
    different.extend(comparison::run_once(&mut ctx, sorted)?);

    clock.announce("report");
    let report = Report {
        options,
        machine,
        versions,
        stand: &stand,
        hash: &hash,
        identical,
        different,
        planted,
        sizes,
    };
    eprintln!("\n{}", report.table());
    publish(&report.json(), options.out.as_deref())?;
    proven(&report)
}

/// Builds the program for the servers, and crossover unless another build is given.
fn build(workspace: &Workspace, options: &Options) -> anyhow::Result<Option<Ours>> {
    let mut packages = vec![STAND];
    let takes_part = options.includes(Group::Ours);
    if takes_part && options.ours.is_none() {
        packages.push(OURS);
    }
    build_released(workspace, &packages)?;
    let own = || released(workspace, "crossover");
    Ok(takes_part.then(|| Ours::new(options.ours.clone().unwrap_or_else(own), options.jobs)))
}

/// The selected and installed other tools.
fn other_tools(options: &Options, folder: &Path) -> Vec<Candidate> {
    let asked = [
        (Group::Reladiff, OtherTool::Reladiff),
        (Group::DataDiff, OtherTool::DataDiff),
    ];
    let asked = asked.into_iter().filter(|(group, _)| options.includes(*group));
    asked
        .filter_map(|(_, tool)| {
            let program = tool.installed(folder);
            if program.is_none() {
                eprintln!(
                    "  {} {} is not installed and is left out; `cargo xtask bench verify --install` installs it",
                    tool.name(),
                    tool.version()
                );
            }
            Some(Candidate::OtherTool { tool, program: program?, sorted: false })
        })
        .collect()
}

/// Speed has no value if the answer is wrong: checks every answer of crossover.
fn proven(report: &Report) -> anyhow::Result<()> {
    for outcome in answers(&report.identical) {
        if *outcome != Outcome::Equal {
            bail!("crossover on equal tables: {}", outcome.describe());
        }
    }
    if report.options.scale && report.options.includes(Group::Ours) && report.sizes.is_empty() {
        bail!("crossover gave a wrong answer for a size of table; see the lines above");
    }
    for outcome in answers(&report.different) {
        let Some(judgement) = outcome.judged(&report.planted) else {
            bail!("crossover on tables that differ: {}", outcome.describe());
        };
        if judgement.found != planted::COUNT || !judgement.invented.is_empty() {
            bail!(
                "crossover missed {:?} and invented {:?}",
                judgement.missed,
                judgement.invented
            );
        }
    }
    Ok(())
}

/// The answers of crossover in all runs.
fn answers(entries: &[Entry]) -> impl Iterator<Item = &Outcome> {
    let ours = entries.iter().filter(|entry| entry.candidate == Candidate::Ours);
    ours.flat_map(|entry| entry.runs.iter().map(|run| &run.outcome))
}
