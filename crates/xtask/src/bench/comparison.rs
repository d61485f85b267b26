//! The candidates and their runs in turn.

use std::path::{Path, PathBuf};

use crate::bench::{
    cpu,
    data::TABLE,
    floor::{self, Floor, HashSql},
    measure,
    options::Options,
    other_tools::{self, OtherTool},
    ours::{self, Ours},
    outcome::Outcome,
    run::{Client, Run},
    stand::Stand,
};

/// The resources of a run.
pub struct BenchContext<'a> {
    pub stand: &'a mut Stand,
    pub options: &'a Options,
    pub ours: Option<&'a Ours>,
    /// An earlier build.
    pub earlier: Option<&'a Ours>,
    pub hash: &'a HashSql,
    /// Folder for the outputs of the measured programs.
    pub folder: &'a Path,
}

/// One of the programs or statements that process the rows of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    Ours,
    Earlier,
    OtherTool {
        tool: OtherTool,
        program: PathBuf,
        /// Whether reladiff sorts its differences, which is its default.
        sorted: bool,
    },
    Floor(Floor),
}

impl Candidate {
    pub fn name(&self) -> String {
        match self {
            Self::Ours => "ours".to_owned(),
            Self::Earlier => "ours, earlier".to_owned(),
            Self::OtherTool {
                tool, sorted: false, ..
            } => tool.name().to_owned(),
            Self::OtherTool {
                tool, sorted: true, ..
            } => format!("{}, sorted", tool.name()),
            Self::Floor(floor) => floor.name().to_owned(),
        }
    }

    /// The candidate with reladiff's default of sorting; none for other candidates.
    pub fn sorted(&self) -> Option<Self> {
        match self {
            Self::OtherTool {
                tool: OtherTool::Reladiff,
                program,
                ..
            } => Some(Self::OtherTool {
                tool: OtherTool::Reladiff,
                program: program.clone(),
                sorted: true,
            }),
            _ => None,
        }
    }
}

/// All runs of one candidate.
pub struct Entry {
    pub candidate: Candidate,
    pub runs: Vec<Run>,
}

/// Runs all candidates in turn, A B C A B C ..., so that changes of the machine's load affect all alike.
pub fn run_in_turn(ctx: &mut BenchContext, candidates: Vec<Candidate>) -> anyhow::Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = candidates.into_iter().map(Entry::new).collect();
    for round in 1..=ctx.options.runs {
        for entry in &mut entries {
            if !entry
                .runs
                .first()
                .is_some_and(|first| is_enough(first, ctx.options.once_over))
            {
                entry.run(ctx, round)?;
            }
        }
    }
    Ok(entries)
}

/// Runs each candidate once, for its result; the time is not of interest.
pub fn run_once(ctx: &mut BenchContext, candidates: Vec<Candidate>) -> anyhow::Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = candidates.into_iter().map(Entry::new).collect();
    entries.iter_mut().try_for_each(|entry| entry.run(ctx, 1))?;
    Ok(entries)
}

impl Entry {
    fn new(candidate: Candidate) -> Self {
        Self {
            candidate,
            runs: Vec::new(),
        }
    }

    fn run(&mut self, ctx: &mut BenchContext, round: u64) -> anyhow::Result<()> {
        let run = ctx.run(&self.candidate, TABLE)?;
        let (name, outcome) = (self.candidate.name(), run.outcome.describe());
        eprintln!("  round {round}: {name} {:.2} s, {outcome}", run.elapsed_s);
        self.runs.push(run);
        Ok(())
    }
}

/// Whether one run is enough: it took very long, or failed.
fn is_enough(first: &Run, once_over: u64) -> bool {
    first.elapsed_s > once_over as f64 || matches!(first.outcome, Outcome::OverLimit | Outcome::Failed(_))
}

impl BenchContext<'_> {
    /// One run over one table. Only `crossover verify` and the floors accept another table than the bench's
    /// own.
    pub fn run(&mut self, candidate: &Candidate, table: &str) -> anyhow::Result<Run> {
        let (command, judge): (_, fn(&measure::Measured) -> Outcome) = match candidate {
            Candidate::Floor(floor) => return floor::run(*floor, self.hash, self.stand),
            Candidate::Ours | Candidate::Earlier => {
                let is_earlier = *candidate == Candidate::Earlier;
                let Some(ours) = (if is_earlier { self.earlier } else { self.ours }) else {
                    anyhow::bail!("crossover is not a candidate of this bench");
                };
                (ours.command(self.stand, table), ours::outcome)
            }
            Candidate::OtherTool {
                tool,
                program,
                sorted,
            } => (
                tool.command(program, self.stand, self.options, *sorted)?,
                other_tools::outcome,
            ),
        };
        let before = cpu::seconds(self.stand.postmasters());
        let measured = measure::run(&command, self.options.time_limit(), self.folder)?;
        // A statement of a killed client continues in the servers, and would count for the next candidate.
        self.stand.end_sessions()?;
        let after = cpu::seconds(self.stand.postmasters());
        Ok(Run {
            elapsed_s: measured.elapsed_s,
            server_cpu_s: cpu::between(before, after),
            client: Some(Client {
                cpu_s: measured.cpu_s,
                rss_mb: measured.rss_mb,
            }),
            outcome: judge(&measured),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(elapsed_s: f64, outcome: Outcome) -> Run {
        Run {
            elapsed_s,
            server_cpu_s: None,
            client: None,
            outcome,
        }
    }

    #[test]
    fn a_candidate_that_is_slow_or_fails_runs_once() {
        assert!(!is_enough(&run(9.0, Outcome::Equal), 10));
        assert!(is_enough(&run(11.0, Outcome::Equal), 10));
        assert!(is_enough(&run(1.0, Outcome::OverLimit), 10));
        assert!(is_enough(&run(1.0, Outcome::Failed(String::new())), 10));
    }
}
