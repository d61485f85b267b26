//! `cargo xtask bench`: the speed of the product, in comparison with other tools and with the work the
//! servers need at least.

mod comparison;
mod cpu;
mod data;
mod edge;
mod figures;
mod floor;
mod follow;
mod goal;
mod judgement;
mod linearity;
mod live;
mod machine;
mod marks;
mod measure;
mod options;
mod other_tools;
mod ours;
mod outcome;
mod planted;
mod programs;
mod publish;
mod repair;
mod report;
mod run;
mod scale;
mod stand;
mod verify;

use clap::Subcommand;

use crate::workspace::Workspace;

/// The benchmarks.
#[derive(Subcommand)]
pub enum Subject {
    /// Time `crossover verify` on two servers, in comparison with reladiff, data-diff, a bare hash aggregate,
    /// count(*) and COPY
    ///
    /// Prints a table to standard error and the same figures as JSON to standard output. Twenty differences
    /// are planted, and `crossover verify` must report all of them. Needs about 5 GB of disk and half an hour
    /// for 12 million rows, more with --scale.
    Verify(options::Options),
    /// Follow two servers with `crossover verify --continuous` while rows are written, some of which are made
    /// to differ
    ///
    /// Every row that is made to differ must be reported within 5 s, no other row may be reported, and the
    /// rows that remain at a pause must be verified within 50 ms. Needs about 8 GB of disk.
    Follow(follow::Options),
    /// Repair rows of a large table that were made to differ; no other row may change
    Repair(repair::Options),
    /// Measure what grows with the databases: many tables, scattered differences under random keys, hash partitions,
    /// values of 1 MB
    ///
    /// Prints the figures with their goals to standard error, and with --json as JSON to standard output. Needs about
    /// 4 GB of disk and a quarter of an hour with its defaults; --rows and --tables make it smaller.
    Scale(scale::Options),
    /// Measure the CPU that the Worker uses for a request in workerd, in comparison with an earlier Worker
    ///
    /// Only workerd's own CPU counts. Both Workers run all the time and take turns with GET and POST requests;
    /// no cutover is armed. Prints a table to standard error and the same figures as JSON to standard output.
    /// With --earlier the exit status is 1 if the present Worker uses more than 1.02 times the CPU of the
    /// earlier one. Needs Linux and about four minutes; the build needs more.
    Edge(edge::Options),
    /// Run one program and record its time and memory
    #[command(hide = true)]
    Measure(measure::Arguments),
}

pub fn run(subject: &Subject) -> anyhow::Result<()> {
    match subject {
        Subject::Verify(options) => verify::run(&Workspace::find()?, options),
        Subject::Follow(options) => follow::run(&Workspace::find()?, options),
        Subject::Repair(options) => repair::run(&Workspace::find()?, options),
        Subject::Scale(options) => scale::run(&Workspace::find()?, options),
        Subject::Edge(options) => edge::run(&Workspace::find()?, options),
        Subject::Measure(arguments) => measure::measure(arguments),
    }
}

/// The options of a bench on a command line of these arguments.
#[cfg(test)]
fn parsed<Options: clap::Args>(arguments: &[&str]) -> Result<Options, clap::Error> {
    let command = Options::augment_args(clap::Command::new("bench"));
    let matches = command.try_get_matches_from(["bench"].iter().chain(arguments))?;
    Options::from_arg_matches(&matches)
}
