//! `cargo xtask bench scale`: what grows with the size of the databases, and must not grow faster.

mod case;
mod report;

use std::path::PathBuf;

use clap::Args;

use crate::{
    bench::{
        machine,
        other_tools::OtherTool,
        ours::Ours,
        programs::{OURS, STAND, build_released, released},
        publish::publish,
        stand::{Kind, Stand},
    },
    workspace::Workspace,
};

use case::Case;
use report::Figures;

/// The options of the benchmark.
#[derive(Debug, Args)]
pub struct Options {
    /// Rows of the largest table on either side
    #[arg(long, default_value_t = 3_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(10_000..))]
    pub rows: u64,
    /// Number of tables of the larger of the two schemas; the other has a tenth of them
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u64).range(10..))]
    pub tables: u64,
    /// End a run after this number of seconds
    #[arg(long, default_value_t = 900, value_name = "SECONDS")]
    pub limit: u64,
    /// Bench another build of `crossover` instead of building this checkout's
    #[arg(long, value_name = "PROGRAM")]
    pub ours: Option<PathBuf>,
    /// Print the figures as JSON to standard output
    #[arg(long)]
    pub json: bool,
    /// Write the JSON to a file as well
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let folder = workspace.target.join("bench");
    let machine = machine::machine();
    let mut packages = vec![STAND];
    packages.extend(options.ours.is_none().then_some(OURS));
    build_released(workspace, &packages)?;
    let own = || released(workspace, "crossover");
    let ours = Ours::new(options.ours.clone().unwrap_or_else(own), None);
    let reladiff = OtherTool::Reladiff.installed(&folder);
    if reladiff.is_none() {
        eprintln!(
            "  reladiff is not installed and is left out; `cargo xtask bench verify --install` installs it"
        );
    }
    let holder = released(workspace, "crossover-bench-stand");
    let mut stand = Stand::start(&holder, &workspace.root, &folder.join("servers"), Kind::Static)?;
    let mut case = Case {
        stand: &mut stand,
        ours: &ours,
        reladiff: reladiff.as_deref(),
        options,
        folder: &folder.join("outputs"),
    };
    let figures = Figures {
        tables: case.tables()?,
        uuid: case.uuid()?,
        partitions: case.partitions()?,
        values: case.large_values()?,
    };
    eprintln!("\n{}", figures.table(options));
    let json = figures.json(options, &machine);
    if options.json || options.out.is_some() {
        publish(&json, options.out.as_deref())?;
    }
    Ok(())
}
