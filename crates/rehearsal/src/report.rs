//! The report: what happened, whether it was good, and what was not real.
//!
//! [`Report`] is the content of `report.json`; [`Report::write`] writes it, and `report.html` for people, which needs
//! nothing but itself.

mod breakdown;
mod html;
pub mod pause;
mod timeline;
mod verdict;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crossover_atomic_file::Readers;
use serde::{Deserialize, Serialize};

use crate::ledger::Verdict;
use crate::load::StrayCounts;
pub use breakdown::Breakdown;
pub use pause::{Pause, PauseWindow};
pub use timeline::{LagPoint, Phase, Timeline};

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The target is in charge.
    Committed,
    /// The source has stayed in charge; everything is as it was.
    Aborted,
    /// The target was in charge, the source is again.
    RolledBack,
    /// None of these, or nobody knows.
    #[default]
    Failed,
    /// A dry run: the plan was made, nothing was changed.
    Planned,
}

/// Writes through the edge, and what the ledger says of all that were acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Writes {
    /// Promised to clients, those of stray writers included.
    pub acknowledged: u64,
    /// Of these, there on the committed side.
    pub present: u64,
    /// Of these, not there.
    pub lost: u64,
    /// There more than once.
    pub duplicated: u64,
    /// Answered with anything but success.
    pub errors: u64,
    /// Kept waiting by the edge.
    pub held: u64,
}

/// Reads through the edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reads {
    /// Sent.
    pub total: u64,
    /// Answered with anything but success.
    pub errors: u64,
    /// Did not see a write acknowledged before.
    pub stale: u64,
}

/// One stage of the state machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StageRun {
    /// Its name, as in the state machine.
    pub name: String,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// `succeeded`, or the name of the error.
    pub outcome: String,
}

/// One table, compared row by row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableRow {
    /// Schema and name.
    pub name: String,
    /// Rows on the source; absent where the table was not compared.
    pub rows_source: Option<u64>,
    /// Rows on the target; absent where the table was not compared.
    pub rows_target: Option<u64>,
    /// Every row equal, not only as many.
    pub equal: bool,
    /// Why the table was not compared, with the remedy; absent where it was.
    pub not_compared: Option<String>,
}

/// A table the change stream cannot carry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotReplicated {
    /// Schema and name; of partitions and child tables the parent's.
    pub table: String,
    /// How many partitions or child tables of it.
    pub tables_under_it: usize,
    /// As a part of a sentence about the table.
    pub cause: String,
}

/// One sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SequenceRow {
    /// Schema and name.
    pub name: String,
    /// Its last value on the source; absent while it was never used.
    pub source: Option<i64>,
    /// Its last value on the target; absent while it was never used.
    pub target: Option<i64>,
    /// The next value of the side in charge is beyond every one the other has given out.
    pub ahead: bool,
}

/// What was run, when, with what load.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// The run's id.
    pub id: String,
    /// Start, as RFC 3339.
    pub started_at: String,
    /// From the command to the report, in milliseconds.
    pub duration_ms: u64,
    /// Of Crossover.
    pub version: String,
    /// What was moved, in words: `generated shop, 100,000 orders` or the dump's files.
    pub data: String,
    /// Writes asked for each second.
    pub writes_per_s: u32,
    /// Reads asked for each second.
    pub reads_per_s: u32,
    /// Clients.
    pub clients: u32,
}

/// One move in one direction: the cutover, and the rollback where one was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Direction {
    /// `cutover` or `rollback`.
    pub name: String,
    /// The side in charge before: `source` or `target`.
    pub from: String,
    /// The side in charge after, if it went well.
    pub to: String,
    /// When the edge began to hold, in milliseconds since the start of the load; absent if it never did.
    pub hold_at_ms: Option<f64>,
    /// When the last held write was answered, on the same clock.
    pub released_ms: Option<f64>,
    /// The wait added to writes; see [`pause`].
    pub pause_ms: Option<Pause>,
    /// What the pause was made of.
    pub pause_breakdown_ms: Breakdown,
    /// The stages, in the order they ran.
    pub stages: Vec<StageRun>,
}

/// The whole report. `pause_ms`, `pause_breakdown_ms` and `stages` are those of the cutover, the first direction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// How the run ended.
    pub outcome: Outcome,
    /// How it was asked to end.
    pub asked: Outcome,
    /// Why it did not, in words, with the remedy; absent if it did.
    pub failure: Option<String>,
    /// The writes.
    pub writes: Writes,
    /// The reads.
    pub reads: Reads,
    /// The wait the cutover added to writes; absent if no write was held.
    pub pause_ms: Option<Pause>,
    /// What that pause was made of.
    pub pause_breakdown_ms: Breakdown,
    /// The stages of the cutover.
    pub stages: Vec<StageRun>,
    /// Every table.
    pub tables: Vec<TableRow>,
    /// Tables the change stream cannot carry; `replica-identity.sql` beside the report mends them.
    pub not_replicated: Vec<NotReplicated>,
    /// The option of `crossover rehearse` that leaves them out; absent where there are none.
    pub exclude_option: Option<String>,
    /// Every sequence.
    pub sequences: Vec<SequenceRow>,
    /// Names and versions of everything that took part.
    pub parts: BTreeMap<String, String>,
    /// What was stood in for, in sentences.
    pub not_real: Vec<String>,
    /// What was run.
    pub run: Run,
    /// The cutover, and the rollback if there was one.
    pub directions: Vec<Direction>,
    /// A dry run's plan, in its order; else empty.
    pub plan: Vec<String>,
    /// The ledger's verdict; absent if it was not taken.
    pub ledger: Option<Verdict>,
    /// Writers past the edge; absent if there were none.
    pub stray: Option<StrayCounts>,
    /// The first error texts of clients.
    pub error_texts: Vec<String>,
    /// What happened when.
    pub timeline: Timeline,
}

/// `report.json`: the report and the judgement on it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Judged<'a> {
    passed: bool,
    problems: Vec<String>,
    warnings: Vec<String>,
    #[serde(flatten)]
    report: &'a Report,
}

impl Report {
    /// Writes `report.json` and `report.html` into `folder`, which must exist; each appears whole or not at all.
    ///
    /// Returns their paths.
    pub fn write(&self, folder: &Path) -> io::Result<(PathBuf, PathBuf)> {
        let judged = Judged {
            passed: self.passed(),
            problems: self.problems(),
            warnings: self.warnings(),
            report: self,
        };
        let json = serde_json::to_vec_pretty(&judged)?;
        Ok((
            replace(folder, "report.json", &json)?,
            replace(folder, "report.html", self.html().as_bytes())?,
        ))
    }

    /// The page for people: one file, no reference to anything outside it.
    pub fn html(&self) -> String {
        html::page(self)
    }
}

fn replace(folder: &Path, name: &str, content: &[u8]) -> io::Result<PathBuf> {
    let path = folder.join(name);
    crossover_atomic_file::replace(&path, content, Readers::Everybody)?;
    Ok(path)
}
