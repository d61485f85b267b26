//! The report: the events, the verdict, and the components that were replaced.
//!
//! [`Report`] is the content of `report.json`; [`Report::write`] writes that file and a self-contained
//! `report.html`.

mod breakdown;
mod html;
mod load;
pub mod pause;
mod runs;
mod series;
mod timeline;
mod verdict;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crossover_atomic_file::Readers;
use crossover_core::{FractionalMillis, Millis};
use serde::{Deserialize, Serialize};

use crate::ledger::Verdict;
use crate::load::StrayCounts;
pub use crate::resources::{Creator, ResourceRow};
pub use breakdown::Breakdown;
pub use load::LoadFacts;
pub use pause::{HeldCounts, Pause, PauseWindow};
pub use runs::{Judgement, RunRow};
pub use series::{Distribution, Series};
pub use timeline::{LagPoint, Phase, Timeline};

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The target is in charge.
    Committed,
    /// The source has stayed in charge; nothing was changed for good.
    Aborted,
    /// The target was in charge, and the source is in charge again.
    RolledBack,
    /// None of these, or unknown.
    #[default]
    Failed,
    /// A dry run: the plan was made, nothing was changed.
    Planned,
}

/// Writes through the edge, and the ledger's result for all acknowledged writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Writes {
    /// Acknowledged to clients, including stray writers.
    pub acknowledged: u64,
    /// Of these, present on the committed side. Unknown, and 0, without a `ledger`; so are `lost` and
    /// `duplicated`.
    pub present: u64,
    /// Of these, missing.
    pub lost: u64,
    /// Present more than once.
    pub duplicated: u64,
    /// Answered with anything but success.
    pub errors: u64,
    /// Held by the edge.
    pub held: u64,
    /// Refused by the edge, not executed: the plan holds only writes with an idempotency key.
    #[serde(default)]
    pub refused: u64,
}

/// Reads through the edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reads {
    /// Sent.
    pub total: u64,
    /// Answered with anything but success.
    pub errors: u64,
    /// Did not return a write that had been acknowledged before.
    pub stale: u64,
}

/// One stage of the state machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StageRun {
    /// Name of the stage, as in the state machine.
    pub name: String,
    /// Duration of the stage.
    pub duration_ms: Millis,
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
    /// Whether every row is equal, not only the count.
    pub equal: bool,
    /// Why the table was not compared, with the remedy; absent if it was compared.
    pub not_compared: Option<String>,
}

/// A table the change stream cannot carry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotReplicated {
    /// Schema and name; of partitions and child tables the parent's.
    pub table: String,
    /// Number of its partitions or child tables.
    pub tables_under_it: usize,
    /// The reason, as a part of a sentence about the table.
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
    /// Whether the next value of the side in charge is beyond every value the other side has issued.
    pub ahead: bool,
}

/// The data, time and load of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// The id of the run.
    pub id: String,
    /// Start, as RFC 3339.
    pub started_at: String,
    /// Duration from the command to the report.
    pub duration_ms: Millis,
    /// Version of Crossover.
    pub version: String,
    /// The migrated data: `generated shop, 100,000 orders` or the dump's files.
    pub data: String,
    /// Requested writes per second.
    pub writes_per_s: u32,
    /// Requested reads per second.
    pub reads_per_s: u32,
    /// Number of clients.
    pub clients: u32,
}

/// One direction: the cutover, or the rollback if one was requested.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Direction {
    /// `cutover` or `rollback`.
    pub name: String,
    /// The side in charge before: `source` or `target`.
    pub from: String,
    /// The side in charge afterwards, if the run succeeded.
    pub to: String,
    /// When the edge began to hold, since the start of the load; absent if no hold began.
    pub hold_at_ms: Option<FractionalMillis>,
    /// When the last held write was answered, on the same clock.
    pub released_ms: Option<FractionalMillis>,
    /// What became of the writes that met the hold.
    #[serde(default)]
    pub held_writes: HeldCounts,
    /// The wait added to writes; see [`pause`].
    pub pause_ms: Option<Pause>,
    /// The parts of the pause.
    pub pause_breakdown_ms: Breakdown,
    /// The parts of the wait that the pause added to the write with the median wait: their sum is `pause_ms.p50`.
    #[serde(default)]
    pub median_breakdown_ms: Breakdown,
    /// Writes that did not end in time and were ended, because the plan asked for it (`on_stragglers`).
    #[serde(default)]
    pub stragglers: Vec<String>,
    /// The stages, in the order they ran.
    pub stages: Vec<StageRun>,
}

/// The complete report. `pause_ms`, `pause_breakdown_ms` and `stages` are those of the cutover, the first
/// direction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// How the run ended.
    pub outcome: Outcome,
    /// The requested end.
    pub asked: Outcome,
    /// Why the run ended differently, with the remedy; absent if it ended as requested.
    pub failure: Option<String>,
    /// Components that died and questions that no component answered, as sentences.
    pub unknown: Vec<String>,
    /// Every run, in order.
    pub runs: Vec<RunRow>,
    /// The runs of a series together; absent if there was only one cutover.
    pub series: Option<Series>,
    /// The writes.
    pub writes: Writes,
    /// The reads.
    pub reads: Reads,
    /// The wait the cutover added to writes; absent if no write was held.
    pub pause_ms: Option<Pause>,
    /// The parts of that pause.
    pub pause_breakdown_ms: Breakdown,
    /// The stages of the cutover.
    pub stages: Vec<StageRun>,
    /// Every table.
    pub tables: Vec<TableRow>,
    /// Tables the change stream cannot carry; `replica-identity.sql` next to the report gives them a replica
    /// identity.
    pub not_replicated: Vec<NotReplicated>,
    /// The option of `crossover rehearse` that excludes these tables; absent if there are none.
    pub exclude_option: Option<String>,
    /// Every sequence.
    pub sequences: Vec<SequenceRow>,
    /// Names and versions of all components.
    pub parts: BTreeMap<String, String>,
    /// What the run took place on, and who has created it.
    #[serde(default)]
    pub resources: Vec<ResourceRow>,
    /// The components that were replaced, as sentences.
    pub not_real: Vec<String>,
    /// The data, time and load of the run.
    pub run: Run,
    /// The load that was sent, and what the machine carries.
    pub load: LoadFacts,
    /// The cutover, and the rollback if there was one.
    pub directions: Vec<Direction>,
    /// The plan of a dry run, in order; otherwise empty.
    pub plan: Vec<String>,
    /// The ledger's verdict; absent if the ledger was not compared.
    pub ledger: Option<Verdict>,
    /// Writers that bypassed the edge; absent if there were none.
    pub stray: Option<StrayCounts>,
    /// The first error texts of clients.
    pub error_texts: Vec<String>,
    /// The timeline.
    pub timeline: Timeline,
}

/// `report.json`: the report and its verdict.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Judged<'a> {
    passed: bool,
    verdict: Judgement,
    problems: Vec<String>,
    warnings: Vec<String>,
    #[serde(flatten)]
    report: &'a Report,
}

impl Report {
    /// Writes `report.json` and `report.html` to `folder`, which must exist; each file is written completely
    /// or not at all.
    ///
    /// Returns the paths of both files.
    pub fn write(&self, folder: &Path) -> io::Result<(PathBuf, PathBuf)> {
        let judged = Judged {
            passed: self.passed(),
            verdict: self.judgement(),
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

    /// The HTML page: one file without references to other files.
    pub fn html(&self) -> String {
        html::page(self)
    }
}

fn replace(folder: &Path, name: &str, content: &[u8]) -> io::Result<PathBuf> {
    let path = folder.join(name);
    crossover_atomic_file::replace(&path, content, Readers::Everybody)?;
    Ok(path)
}
