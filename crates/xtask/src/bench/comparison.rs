//! The candidates, and their runs in turn.

use std::path::{Path, PathBuf};

use crate::bench::{
    cpu,
    data::TABLE,
    floor::{self, Floor, HashSql},
    measure,
    options::Options,
    ours::{self, Ours},
    outcome::Outcome,
    rivals::{self, OtherTool},
    run::{Client, Run},
    stand::Stand,
};

/// Everything a run needs.
pub struct BenchContext<'a> {
    pub stand: &'a mut Stand,
    pub options: &'a Options,
    pub ours: Option<&'a Ours>,
    pub hash: &'a HashSql,
    /// For the outputs of what is measured.
    pub folder: &'a Path,
}

/// Somebody, or something, that goes over the rows of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    Ours,
    OtherTool {
        rival: OtherTool,
        program: PathBuf,
        /// Whether reladiff sorts what it found, as it does unless told otherwise.
        sorted: bool,
    },
    Floor(Floor),
}

impl Candidate {
    pub fn name(&self) -> String {
        match self {
            Self::Ours => "ours".to_owned(),
            Self::OtherTool {
                rival, sorted: false, ..
            } => rival.name().to_owned(),
            Self::OtherTool {
                rival, sorted: true, ..
            } => format!("{}, sorted", rival.name()),
            Self::Floor(floor) => floor.name().to_owned(),
        }
    }

    /// The same with reladiff's default of sorting, for those that have it.
    pub fn sorted(&self) -> Option<Self> {
        match self {
            Self::OtherTool {
                rival: OtherTool::Reladiff,
                program,
                ..
            } => Some(Self::OtherTool {
                rival: OtherTool::Reladiff,
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

/// Lets everybody run, A B C A B C ..., so that a change of the machine's mood meets all alike.
pub fn hold(ctx: &mut BenchContext, candidates: Vec<Candidate>) -> anyhow::Result<Vec<Entry>> {
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

/// Lets each run once: to see what comes of it, not how long it takes.
pub fn once(ctx: &mut BenchContext, candidates: Vec<Candidate>) -> anyhow::Result<Vec<Entry>> {
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

/// Whether one run tells all: it took very long, or was of no use.
fn is_enough(first: &Run, once_over: u64) -> bool {
    first.elapsed_s > once_over as f64 || matches!(first.outcome, Outcome::OverLimit | Outcome::Failed(_))
}

impl BenchContext<'_> {
    /// One run over one table; only ours and the floors can be given another table than the bench's.
    pub fn run(&mut self, candidate: &Candidate, table: &str) -> anyhow::Result<Run> {
        let (command, judge): (_, fn(&measure::Measured) -> Outcome) = match candidate {
            Candidate::Floor(floor) => return floor::run(*floor, self.hash, self.stand),
            Candidate::Ours => {
                let Some(ours) = self.ours else {
                    anyhow::bail!("ours takes no part in this bench");
                };
                (ours.command(self.stand, table), ours::outcome)
            }
            Candidate::OtherTool {
                rival,
                program,
                sorted,
            } => (
                rival.command(program, self.stand, self.options, *sorted)?,
                rivals::outcome,
            ),
        };
        let before = cpu::seconds(self.stand.postmasters());
        let measured = measure::run(&command, self.options.time_limit(), self.folder)?;
        // What a killed client had begun goes on in the servers, and would be counted to the next one.
        self.stand.quiet()?;
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
    fn who_is_slow_or_fails_runs_once() {
        assert!(!is_enough(&run(9.0, Outcome::Equal), 10));
        assert!(is_enough(&run(11.0, Outcome::Equal), 10));
        assert!(is_enough(&run(1.0, Outcome::OverLimit), 10));
        assert!(is_enough(&run(1.0, Outcome::Failed(String::new())), 10));
    }
}
