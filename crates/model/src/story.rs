//! A path through the model in plain English: one sentence for each thing that happens.

use crossover_routing::{LaneRecord, Side};

use crate::{
    cutover::Action,
    orchestrator::{Orchestrator, Stage, Step, Way},
    state::{BEGIN, Place, State, TICK, Told},
};

/// The sentences of a path, in order.
pub type Story = Vec<String>;

/// Tells a path as stateright gives it: each state with the action that follows.
pub fn story(path: &[(State, Option<Action>)]) -> Story {
    let steps = path.iter().zip(path.iter().skip(1));
    steps
        .filter_map(|((before, action), (after, _))| Some(sentence(before, (*action)?, after)))
        .collect()
}

fn sentence(before: &State, action: Action, after: &State) -> String {
    match action {
        Action::Tick => format!("it is {} ms later", (after.now.since(BEGIN)).0),
        Action::Alarm => format!("the alarm of the lane fires: {}", lane(&after.lane.record)),
        Action::LateCommand => {
            let what = before
                .late
                .as_ref()
                .map_or("command", |(_, command)| command.name());
            let is_accepted = after.lane.record.epoch > before.lane.record.epoch;
            format!("the late {what} arrives: {}", accepted(is_accepted, after))
        }
        Action::Replicate => format!(
            "change {} arrives at the {}",
            after.databases.arrived,
            before.databases.old.other()
        ),
        Action::MeasureLag => format!("the lag is measured: {} changes", after.lag),
        Action::Restart => {
            "a second instance of the lane's object starts; the first one goes on answering".to_owned()
        }
        Action::Arrive(write) => format!("write {write} is at its isolate, which {}", decided(after, write)),
        Action::Release { write, by_zombie } => {
            format!("{} releases held write {write}", object(by_zombie))
        }
        Action::GiveUp(write) => format!("held write {write} gets \"not executed\""),
        Action::Begin(write) => match after.writes[write].place {
            Place::Open(side) => format!("write {write} is in an open transaction at the {side}"),
            _ => format!("the database refuses write {write}{}", again(after, write)),
        },
        Action::Finish(write) => {
            let told = match before.writes[write].told {
                Told::Nothing => "its client gets the answer",
                _ => "its client does not learn it",
            };
            format!("write {write} commits at the {}; {told}", side_of(before, write))
        }
        Action::Break(write) => {
            format!(
                "the connection of write {write} breaks: its outcome is unknown{}",
                again(after, write)
            )
        }
        Action::Again(write) => {
            let side = before.writes[write].again.unwrap_or(before.databases.old.other());
            format!("the {side} executes write {write} as well")
        }
        Action::Guard(isolate) => format!("isolate {isolate} reports and asks for a lease"),
        Action::Hear {
            isolate,
            by_zombie,
            answered,
        } => {
            let lost = if answered { "" } else { ", whose answer is lost" };
            format!(
                "the question of isolate {isolate} reaches {}{lost}",
                object(by_zombie)
            )
        }
        Action::LoseReport(isolate) => format!("the question of isolate {isolate} is lost"),
        Action::Work(who, way) => {
            let it = &before.orchestrators[who];
            format!("{} {}", orchestrator(who, it), work(before, who, way, after))
        }
        Action::TimeOut(who) => {
            let it = &before.orchestrators[who];
            format!(
                "{} waits no longer ({}) and begins the abort",
                orchestrator(who, it),
                wait(it.step)
            )
        }
        Action::Crash(who) => format!("{} crashes", orchestrator(who, &before.orchestrators[who])),
        Action::Retry(who) => {
            let it = &before.orchestrators[who];
            format!("{} begins {} again", orchestrator(who, it), stage(it.stage))
        }
        Action::Catch(who) => format!(
            "{} begins the abort",
            orchestrator(who, &before.orchestrators[who])
        ),
    }
}

fn orchestrator(who: usize, it: &Orchestrator) -> String {
    format!("orchestrator {who} of run {}", it.run)
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Drain | Stage::LateDrain => "connection-drain",
        Stage::Sync | Stage::Forward => "final-sync",
        Stage::Abort => "the abort",
    }
}

const fn wait(step: Step) -> &'static str {
    match step {
        Step::AwaitQuiet => "the edge is not quiet",
        Step::AwaitTransactions => "a transaction is open",
        _ => "the marker has not arrived",
    }
}

fn lane(record: &LaneRecord) -> String {
    format!(
        "the lane is at epoch {}, {}, the {} owns writes",
        record.epoch, record.phase, record.writer
    )
}

const fn object(by_zombie: bool) -> &'static str {
    if by_zombie {
        "the older instance of the lane"
    } else {
        "the lane"
    }
}

fn accepted(accepted: bool, after: &State) -> String {
    if accepted {
        format!("accepted, {}", lane(&after.lane.record))
    } else {
        format!("refused, {}", lane(&after.lane.record))
    }
}

fn again(after: &State, write: usize) -> String {
    let side = after.writes[write].again;
    side.map_or_else(String::new, |side| {
        format!("; the isolate sends it to the {side}")
    })
}

fn side_of(state: &State, write: usize) -> Side {
    match state.writes[write].place {
        Place::Api(side) | Place::Open(side) => side,
        _ => state.databases.old,
    }
}

fn decided(after: &State, write: usize) -> String {
    match after.writes[write].place {
        Place::Api(side) => format!("forwards it to the {side}"),
        Place::Held => "holds it".to_owned(),
        _ => "asks the lane for a lease first".to_owned(),
    }
}

/// What an orchestrator does.
fn work(before: &State, who: usize, way: Way, after: &State) -> String {
    let (it, next) = (&before.orchestrators[who], &after.orchestrators[who]);
    let old = before.databases.old;
    let new = old.other();
    if it.step.is_command() {
        return command(before, it, way, after);
    }
    let edge = &before.lane;
    if it.step == Step::AwaitQuiet
        && !edge.barrier.traffic(&edge.record, before.now).is_quiet()
        && way != Way::ByZombie
    {
        return "does not wait until the edge is quiet".to_owned();
    }
    if it.step == Step::AwaitQuiet {
        return format!(
            "asks {}, which answers that no write is in flight",
            object(way == Way::ByZombie)
        );
    }
    if it.step.reads_lane() {
        let read = before
            .zombie
            .as_ref()
            .filter(|_| way == Way::ByZombie)
            .unwrap_or(&after.lane);
        let seen = format!(": epoch {}, {}", read.record.epoch, read.record.phase);
        let unlocks = before.databases.locked_by.is_some() && after.databases.locked_by.is_none();
        let and = if unlocks {
            format!(", and unlocks the {old}")
        } else {
            String::new()
        };
        return format!(
            "reads {}{seen}{and}{}",
            object(way == Way::ByZombie),
            failed(it, next)
        );
    }
    let what = match it.step {
        Step::AwaitHold => "sees that the hold begins".to_owned(),
        Step::AwaitTransactions => format!("looks for open transactions at the {old} and goes on"),
        Step::Lock => format!("locks writers out of the {old}"),
        Step::RemoveLateLock => format!("removes its lock of the {old}, which came too late"),
        Step::EndSessions => format!("ends the sessions at the {old}"),
        Step::LookForWriters => format!("looks for writers at the {old}"),
        Step::WriteMarker => format!("writes the catch-up marker at the {old}"),
        Step::AwaitMarker if before.databases.marker_arrived(it.run) => {
            format!("finds the marker at the {new}")
        }
        Step::AwaitMarker => format!("goes on without the marker at the {new}"),
        Step::Open => format!("opens the {new}"),
        Step::Unlock if before.databases.locked_by == Some(it.run) => format!("unlocks the {old}"),
        _ => format!("finds nothing to unlock at the {old}"),
    };
    format!("{what}{}", failed(it, next))
}

/// An error leads to the abort.
fn failed(before: &Orchestrator, next: &Orchestrator) -> &'static str {
    match next.step {
        Step::Failed(_) => " and fails",
        Step::ReadLaneToAbort if before.stage != Stage::Abort => " and fails: the abort begins",
        _ => "",
    }
}

fn command(before: &State, it: &Orchestrator, way: Way, after: &State) -> String {
    let what = match it.step {
        Step::Arm => "arm",
        Step::Hold => "hold",
        Step::Commit => "commit",
        Step::Abort => "abort",
        _ => "release",
    };
    if it.unanswered {
        return format!(
            "reads the lane to learn the outcome of {what}: {}",
            lane(&after.lane.record)
        );
    }
    match way {
        Way::Answered => {
            let is_accepted = after.lane.record.epoch > before.lane.record.epoch;
            format!("sends {what}: {}", accepted(is_accepted, after))
        }
        Way::AnswerLost => format!(
            "sends {what}, and the answer is lost: {}",
            lane(&after.lane.record)
        ),
        Way::Delayed => format!(
            "sends {what}, which is delayed by {} ms or more and given up",
            TICK.0
        ),
        Way::ByZombie => {
            format!("sends {what} to the older instance, whose storage refuses it and which ends")
        }
    }
}
