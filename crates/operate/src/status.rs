//! The status of a lane, in words: who owns writes, whether reverse replication runs, and what to do next.

use crossover_core::{
    Direction, Millis, Stream, UnixMillis,
    ports::{StreamHealth, StreamState},
    routing::{LaneRecord, Phase, Side},
};
use serde::{Deserialize, Serialize};

use crate::{kind::Kind, states};

/// A run whose execution has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunUnderWay {
    pub run_id: String,
    /// ARN of the execution.
    pub execution: String,
    pub direction: Direction,
    /// The run ends the migration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub completes: bool,
    /// The state that is worked on, if any.
    pub state: Option<String>,
}

impl RunUnderWay {
    pub const fn kind(&self) -> Kind {
        Kind::of(self.direction, self.completes)
    }
}

/// The stream that a rollback would use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReverseReplication {
    /// The stream runs. A rollback still proves it with a catch-up marker before it holds anything.
    pub running: bool,
    /// What is known of the stream, for people.
    pub stream: String,
}

/// The status of a lane (`crossover status --json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LaneStatus {
    pub migration_id: String,
    pub lane: String,
    /// Phase of the lane, as in its audit log.
    pub phase: String,
    /// The one side that accepts writes.
    pub writer: Side,
    /// The run that changed the lane last.
    pub last_run: Option<String>,
    pub under_way: Option<RunUnderWay>,
    /// The migration is completed: a rollback is no longer possible, and nothing of it is left.
    #[serde(default)]
    pub completed: bool,
    /// Only while the target is the writer and can be left.
    pub reverse_replication: Option<ReverseReplication>,
    /// All of it in one or two sentences.
    pub summary: String,
    /// Commands, the likeliest first, each with what it is for.
    pub next: Vec<NextCommand>,
}

/// A command that fits the situation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NextCommand {
    pub command: String,
    pub purpose: String,
}

/// What was found out about a lane.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    pub migration_id: &'a str,
    pub lane: &'a LaneRecord,
    pub under_way: Option<RunUnderWay>,
    /// The stream of reverse replication, with its name; asked for only while the target is the writer.
    pub reverse_replication: Option<(String, Option<StreamHealth>)>,
    /// Streams that are left although the lane is completed, in words.
    pub left: Vec<String>,
    /// The option that names the file of the migration, with a space before it; empty for the default file.
    pub config: &'a str,
    pub now: UnixMillis,
}

/// The stream that a rollback would use while this side is the writer.
pub const fn reverse_stream(writer: Side) -> Option<Stream> {
    match writer {
        Side::Source => None,
        Side::Target => Some(Stream::back_after(Direction::Forward)),
    }
}

impl LaneStatus {
    pub fn of(facts: Facts<'_>) -> Self {
        let lane = facts.lane;
        let reverse_replication =
            facts
                .reverse_replication
                .as_ref()
                .map(|(name, health)| ReverseReplication {
                    running: health
                        .as_ref()
                        .is_some_and(|health| health.state == StreamState::Running),
                    stream: match health {
                        None => format!("{name} does not exist"),
                        Some(health) => format!("{name} is {health}"),
                    },
                });
        Self {
            migration_id: facts.migration_id.to_owned(),
            lane: lane.lane.clone(),
            phase: lane.phase.name().to_owned(),
            writer: lane.writer,
            last_run: lane.run_id.clone(),
            completed: lane.completed && facts.left.is_empty(),
            summary: summary(&facts),
            next: next(&facts, reverse_replication.as_ref()),
            reverse_replication,
            under_way: facts.under_way,
        }
    }
}

fn summary(facts: &Facts<'_>) -> String {
    let lane = facts.lane;
    let writer = lane.writer;
    let owner = lane.run_id.as_deref().unwrap_or("an unknown run");
    let status = match lane.phase {
        Phase::ServeTarget if lane.completed && facts.left.is_empty() => {
            format!("The {writer} owns writes and serves everything. The migration is completed.")
        }
        Phase::ServeTarget if lane.completed => format!(
            "The {writer} owns writes and serves everything. A rollback is no longer possible, but the completion is not finished: {}.",
            facts.left.join("; ")
        ),
        Phase::ServeSource | Phase::ServeTarget => format!("The {writer} owns writes and serves everything."),
        Phase::Armed => {
            let begins = lane.hold_at_ms.unwrap_or_default().since(facts.now);
            format!(
                "The {writer} owns writes. Run {owner} has announced a pause; writes are held in {begins} ms."
            )
        }
        Phase::Hold => format!(
            "The {writer} owns writes, and run {owner} holds them since {} ms. Without a commit the lane aborts by itself in {} ms.",
            facts.now.since(lane.hold_at_ms.unwrap_or(facts.now)),
            left(lane, facts.now),
        ),
        Phase::Committed => format!(
            "Run {owner} has committed: the {writer} owns writes. Writes are held until its database is open."
        ),
        Phase::Aborting => format!(
            "Run {owner} was aborted: the {writer} keeps the writes. They are held until its database is unlocked."
        ),
    };
    let under_way = match &facts.under_way {
        None if lane.phase.is_serving() => "No run is under way.".to_owned(),
        None => "Nothing works on it: the execution has ended or was stopped.".to_owned(),
        Some(run) => match &run.state {
            Some(state) => format!("Run {} is in state {state}.", run.run_id),
            None => format!("Run {} is under way.", run.run_id),
        },
    };
    format!("{status} {under_way}")
}

fn left(lane: &LaneRecord, now: UnixMillis) -> Millis {
    lane.hold_deadline_ms.unwrap_or(now).since(now)
}

fn next(facts: &Facts<'_>, reverse_replication: Option<&ReverseReplication>) -> Vec<NextCommand> {
    let lane = facts.lane;
    let command = |line: &str, purpose: &str| NextCommand {
        command: format!("crossover {line}{}", facts.config),
        purpose: purpose.to_owned(),
    };
    if let Some(run) = &facts.under_way {
        let follow = format!("{} --follow --run-id {}", run.kind().sub_command(), run.run_id);
        let mut commands = vec![command(&follow, "follow the run to its end")];
        if run.state.as_deref().is_some_and(states::asks) {
            let approve = format!("approve --run-id {}", run.run_id);
            commands.insert(
                0,
                command(&approve, "approve the run, which waits for it; --reject ends it"),
            );
        }
        if lane.phase != Phase::Committed {
            commands.push(command("abort", "end the run before its commit"));
        }
        return commands;
    }
    match lane.phase {
        Phase::ServeSource => vec![
            command("run --dry-run --follow", "see what a cutover would do"),
            command("run --follow", "begin the cutover"),
        ],
        Phase::ServeTarget if lane.completed && facts.left.is_empty() => Vec::new(),
        Phase::ServeTarget if lane.completed => {
            vec![command(
                "complete --follow",
                "remove what is left of the migration",
            )]
        }
        Phase::ServeTarget if reverse_replication.is_some_and(|stream| stream.running) => vec![
            command("rollback --follow", "go back to the source"),
            command(
                "complete --follow",
                "end the migration, once the rollback window is over: no rollback is possible afterwards",
            ),
        ],
        Phase::ServeTarget => vec![NextCommand {
            command: "crossover explain CommittedWithoutReverseReplication".to_owned(),
            purpose: "repair reverse replication: without it no rollback is possible".to_owned(),
        }],
        Phase::Committed => vec![command(
            "abort",
            "finish the run: it has committed, so it is rolled forward and held writes are released",
        )],
        Phase::Armed | Phase::Hold | Phase::Aborting => vec![command(
            "abort",
            "unlock the writer, release held writes and undo what the run has prepared",
        )],
    }
}

#[cfg(test)]
mod tests;
