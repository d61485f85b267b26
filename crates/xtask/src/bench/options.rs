//! What may be asked of the bench.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

/// A group of candidates, as `--only` names it.
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
    /// How often each candidate runs, in turn with the others
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
    /// Threads per database of reladiff and data-diff; half the cores without it, but two at least
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rival_threads: Option<u64>,
    /// Segments per step of reladiff and data-diff; without it so many that they fetch a segment that differs at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..16_384))]
    pub bisection_factor: Option<u64>,
    /// End a run after so many seconds; its time is then a lower bound
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    pub limit: u64,
    /// A candidate whose first run takes longer than this is not run again
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub once_over: u64,
}

impl Options {
    pub fn includes(&self, group: Group) -> bool {
        self.only.is_empty() || self.only.contains(&group)
    }

    /// More than one, so that neither server waits for the client; more than cores only makes them wait for one another.
    pub fn rival_threads(&self) -> u64 {
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        self.rival_threads.unwrap_or_else(|| 2.max(cores / 2))
    }

    /// They fetch a segment that differs when it has fewer than 16384 rows, and hash it again in parts otherwise. With their default
    /// of 32 segments twenty differences made the servers of 2 million rows work half as much again.
    pub fn bisection_factor(&self) -> u64 {
        const ROWS_PER_SEGMENT: u64 = 16_000;
        let enough = (self.rows / ROWS_PER_SEGMENT + 1).clamp(32, 16_383);
        self.bisection_factor.unwrap_or(enough)
    }

    pub fn time_limit(&self) -> Duration {
        Duration::from_secs(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(line: &[&str]) -> Options {
        Line::parse_from(["bench"].iter().chain(line)).options
    }

    #[test]
    fn everybody_takes_part_unless_some_are_named() {
        let all = options(&[]);
        let two = options(&["--only", "ours,data-diff"]);
        for group in [Group::Ours, Group::Reladiff, Group::DataDiff, Group::Floor] {
            assert!(all.includes(group));
            assert_eq!(
                two.includes(group),
                [Group::Ours, Group::DataDiff].contains(&group)
            );
        }
    }

    #[test]
    fn segments_are_small_enough_to_be_fetched_and_their_number_is_one_the_rivals_take() {
        for rows in ["10000", "200000", "2000000", "12000000", "100000000"] {
            let options = options(&["--rows", rows]);
            let factor = options.bisection_factor();
            assert!(factor >= 32 && options.rows / factor < 16_384, "{rows}: {factor}");
        }
        assert_eq!(options(&["--rows", "1000000000"]).bisection_factor(), 16_383);
        assert_eq!(options(&["--bisection-factor", "64"]).bisection_factor(), 64);
    }
}
