//! Where a lane stands, in words: who owns writes, whether the way back is ready, and what to do next.

use crossover_core::{
    Direction, Millis, Stream, UnixMillis,
    ports::{StreamHealth, StreamState},
    routing::{LaneRecord, Phase, Side},
};
use serde::{Deserialize, Serialize};

/// A run whose execution has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunUnderWay {
    pub run_id: String,
    /// ARN of the execution.
    pub execution: String,
    pub direction: Direction,
    /// The state that is worked on, if any.
    pub state: Option<String>,
}

/// The stream that a rollback would use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WayBack {
    /// The stream runs. A rollback still proves it with a catch-up marker before it holds anything.
    pub runs: bool,
    /// What is known of the stream, for people.
    pub stream: String,
}

/// Where a lane stands (`crossover status --json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Standing {
    pub migration_id: String,
    pub lane: String,
    /// Phase of the lane, as in its audit log.
    pub phase: String,
    /// The one side that accepts writes.
    pub writer: Side,
    /// The run that changed the lane last.
    pub last_run: Option<String>,
    pub under_way: Option<RunUnderWay>,
    /// Only while the target is the writer.
    pub way_back: Option<WayBack>,
    /// All of it in one or two sentences.
    pub summary: String,
    /// Commands, the likeliest first, each with what it is for.
    pub next: Vec<Step>,
}

/// A command that fits the situation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    pub command: String,
    pub purpose: String,
}

/// What was found out about a lane.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    pub migration_id: &'a str,
    pub lane: &'a LaneRecord,
    pub under_way: Option<RunUnderWay>,
    /// The stream back, with its name; asked for only while the target is the writer.
    pub way_back: Option<(String, Option<StreamHealth>)>,
    pub now: UnixMillis,
}

/// The stream that leads back while this side is the writer.
pub const fn stream_back(writer: Side) -> Option<Stream> {
    match writer {
        Side::Source => None,
        Side::Target => Some(Stream::back_after(Direction::Forward)),
    }
}

impl Standing {
    pub fn of(facts: Facts<'_>) -> Self {
        let lane = facts.lane;
        let way_back = facts.way_back.as_ref().map(|(name, health)| WayBack {
            runs: health
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
            summary: summary(&facts),
            next: next(&facts, way_back.as_ref()),
            way_back,
            under_way: facts.under_way,
        }
    }
}

fn summary(facts: &Facts<'_>) -> String {
    let lane = facts.lane;
    let writer = lane.writer;
    let owner = lane.run_id.as_deref().unwrap_or("an unknown run");
    let standing = match lane.phase {
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
    format!("{standing} {under_way}")
}

fn left(lane: &LaneRecord, now: UnixMillis) -> Millis {
    lane.hold_deadline_ms.unwrap_or(now).since(now)
}

fn step(command: impl Into<String>, purpose: &str) -> Step {
    Step {
        command: command.into(),
        purpose: purpose.to_owned(),
    }
}

fn next(facts: &Facts<'_>, way_back: Option<&WayBack>) -> Vec<Step> {
    let lane = facts.lane;
    if let Some(run) = &facts.under_way {
        let command = match run.direction {
            Direction::Forward => "run",
            Direction::Reverse => "rollback",
        };
        let mut steps = vec![step(
            format!("crossover {command} --follow --run-id {}", run.run_id),
            "follow the run to its end",
        )];
        if lane.phase != Phase::Committed {
            steps.push(step("crossover abort", "end the run before its commit"));
        }
        return steps;
    }
    match lane.phase {
        Phase::ServeSource => vec![
            step("crossover run --dry-run --follow", "see what a cutover would do"),
            step("crossover run --follow", "begin the cutover"),
        ],
        Phase::ServeTarget if way_back.is_some_and(|way| way.runs) => {
            vec![step("crossover rollback --follow", "go back to the source")]
        }
        Phase::ServeTarget => vec![step(
            "crossover explain CommittedWithoutReverseReplication",
            "repair reverse replication: without it there is no way back",
        )],
        Phase::Committed => vec![step(
            "crossover abort",
            "finish the run: it has committed, so it is rolled forward and held writes are released",
        )],
        Phase::Armed | Phase::Hold | Phase::Aborting => vec![step(
            "crossover abort",
            "unlock the writer, release held writes and undo what the run has prepared",
        )],
    }
}

#[cfg(test)]
mod tests;
