//! `cargo xtask bench`: how quick the product is, beside what else there is and beside what the servers need at least.

mod comparison;
mod cpu;
mod data;
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
mod ours;
mod outcome;
mod planted;
mod programs;
mod publish;
mod repair;
mod report;
mod rivals;
mod run;
mod stand;
mod verify;

use clap::Subcommand;

use crate::workspace::Workspace;

/// What is benched.
#[derive(Subcommand)]
pub enum Subject {
    /// Time `crossover verify` on two servers beside reladiff, data-diff, a bare hash aggregate, count(*) and COPY
    ///
    /// The table comes to standard error, the same as JSON to standard output. Twenty differences are planted, and ours must name
    /// them all. Needs about 5 GB of disk and half an hour for 12 million rows, more with --scale.
    Verify(options::Options),
    /// Follow two servers with `crossover verify --continuous` while rows are written, some of which are made to differ
    ///
    /// Every row that is made to differ has to be reported within 5 s, no other may be, and what is left at a pause has to be
    /// verified within 50 ms. Needs about 8 GB of disk.
    Follow(follow::Options),
    /// Repair rows of a large table that were made to differ; no other row may change
    Repair(repair::Options),
    /// Run one program and write down what it took
    #[command(hide = true)]
    Measure(measure::Arguments),
}

pub fn run(subject: &Subject) -> anyhow::Result<()> {
    match subject {
        Subject::Verify(options) => verify::run(&Workspace::find()?, options),
        Subject::Follow(options) => follow::run(&Workspace::find()?, options),
        Subject::Repair(options) => repair::run(&Workspace::find()?, options),
        Subject::Measure(arguments) => measure::measure(arguments),
    }
}
