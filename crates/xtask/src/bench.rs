//! `cargo xtask bench`: how quick the product is, beside what else there is and beside what the servers need at least.

mod contest;
mod cpu;
mod data;
mod figures;
mod floor;
mod goal;
mod judgement;
mod linearity;
mod machine;
mod marks;
mod measure;
mod options;
mod ours;
mod outcome;
mod planted;
mod report;
mod rivals;
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
    /// Run one program and write down what it took
    #[command(hide = true)]
    Measure(measure::Arguments),
}

pub fn run(subject: &Subject) -> anyhow::Result<()> {
    match subject {
        Subject::Verify(options) => verify::run(&Workspace::find()?, options),
        Subject::Measure(arguments) => measure::measure(arguments),
    }
}
