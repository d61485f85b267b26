//! The options of `cargo xtask bench verify`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

/// A group of candidates, as in `--only`.
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
    /// Number of runs of each candidate, in turn with the others
    #[arg(long, default_value_t = 3, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// Bench only these candidates
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    pub only: Vec<Group>,
    /// Write the JSON to a file as well
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Time crossover on 1/6, 2/6, 4/6 and 6/6 of the rows as well
    #[arg(long)]
    pub scale: bool,
    /// Only install reladiff and data-diff into target/bench with pip
    #[arg(long)]
    pub install: bool,
    /// Bench another build of `crossover` instead of building this checkout's
    #[arg(long, value_name = "PROGRAM")]
    pub ours: Option<PathBuf>,
    /// Run an earlier build of `crossover` as well, in turn with the other candidates
    #[arg(long, value_name = "PROGRAM")]
    pub earlier: Option<PathBuf>,
    /// Pass `--jobs N` to crossover; default: crossover decides
    #[arg(long, value_name = "N")]
    pub jobs: Option<u64>,
    /// Threads per database of reladiff and data-diff; default: half the cores, at least two
    #[arg(long = "tool-threads", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub other_tool_threads: Option<u64>,
    /// Segments per step of reladiff and data-diff; default: so many that a segment that differs is fetched
    /// at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..16_384))]
    pub bisection_factor: Option<u64>,
    /// End a run after this number of seconds; its time is then a lower bound
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    pub limit: u64,
    /// A candidate whose first run takes longer than this is not run again
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub once_over: u64,
}

impl Options {
    /// The defaults, for a table of so many rows.
    pub fn of_rows(rows: u64) -> Self {
        Self {
            rows,
            runs: 1,
            only: Vec::new(),
            out: None,
            scale: false,
            install: false,
            ours: None,
            earlier: None,
            jobs: None,
            other_tool_threads: None,
            bisection_factor: None,
            limit: 3600,
            once_over: 600,
        }
    }

    pub fn includes(&self, group: Group) -> bool {
        self.only.is_empty() || self.only.contains(&group)
    }

    /// At least two, so that neither server waits for the client; more threads than cores would only wait for
    /// each other.
    pub fn other_tool_threads(&self) -> u64 {
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        self.other_tool_threads.unwrap_or_else(|| 2.max(cores / 2))
    }

    /// The tools fetch a segment that differs if it has fewer than 16384 rows; otherwise they hash the
    /// segment again in parts. With their default of 32 segments, twenty differences increased the servers'
    /// work on 2 million rows by half.
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
    use super::*;
    use crate::bench::parsed;

    fn options(line: &[&str]) -> Options {
        parsed(line).unwrap()
    }

    #[test]
    fn all_candidates_run_unless_some_are_selected() {
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
    fn segments_are_small_enough_to_be_fetched_and_their_number_is_accepted_by_the_other_tools() {
        for rows in ["10000", "200000", "2000000", "12000000", "100000000"] {
            let options = options(&["--rows", rows]);
            let factor = options.bisection_factor();
            assert!(factor >= 32 && options.rows / factor < 16_384, "{rows}: {factor}");
        }
        assert_eq!(options(&["--rows", "1000000000"]).bisection_factor(), 16_383);
        assert_eq!(options(&["--bisection-factor", "64"]).bisection_factor(), 64);
    }
}
