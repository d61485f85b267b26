//! What may be asked of the bench.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

/// A group of contestants, as `--only` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Group {
    Ours,
    Reladiff,
    DataDiff,
    /// The bare hash aggregate, count(*) and COPY
    Floor,
}

/// `cargo xtask bench verify`.
#[derive(Debug, Args)]
pub struct Options {
    /// Rows of the table on either side
    #[arg(long, default_value_t = 12_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(10_000..))]
    pub rows: u64,
    /// How often each contestant runs, in turn with the others
    #[arg(long, default_value_t = 3, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// Bench these only
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    pub only: Vec<Group>,
    /// Write the JSON to a file, too
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Time ours on 1/6, 2/6, 4/6 and 6/6 of the rows, too
    #[arg(long)]
    pub scale: bool,
    /// Install reladiff and data-diff into target/bench with pip, and do nothing else
    #[arg(long)]
    pub install: bool,
    /// Bench another build of `crossover` instead of building this checkout's
    #[arg(long, value_name = "PROGRAM")]
    pub ours: Option<PathBuf>,
    /// Hand `--jobs N` to ours; without it ours decides
    #[arg(long, value_name = "N")]
    pub jobs: Option<u64>,
    /// Threads per database of reladiff and data-diff
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rival_threads: u64,
    /// Segments per step of reladiff and data-diff
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    pub bisection_factor: u64,
    /// End a run after so many seconds; its time is then a lower bound
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    pub limit: u64,
    /// A contestant whose first run takes longer than this is not run again
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub once_over: u64,
}

impl Options {
    pub fn includes(&self, group: Group) -> bool {
        self.only.is_empty() || self.only.contains(&group)
    }

    pub fn time_limit(&self) -> Duration {
        Duration::from_secs(self.limit)
    }
}
