//! The runs of a rehearsal, one after the other under one continuous load.

use crossover_clock::SystemClock;
use crossover_core::{Direction, ports::Clock as _};
use crossover_operate::kind::Kind;
use crossover_stand::Progress;
use uuid::Uuid;

use crate::{
    burst,
    ending::EndAfterRun,
    environment::{Environment, Streams},
    load::Load,
    options::RehearsalOptions,
    run::{RunOutcome, RunRecord, execute},
    traffic,
};

/// Runs what was asked for, until nothing is left, a run has failed, or the end is asked for.
pub async fn perform(
    environment: &Environment,
    options: &RehearsalOptions,
    load: &mut Load,
    (end, progress): (&EndAfterRun, &dyn Progress),
) -> Vec<RunRecord> {
    let mut runs: Vec<RunRecord> = Vec::new();
    let mut streams = Streams::default();
    if options.repeat > 1 {
        end.runs_begin();
    }
    while let Some(direction) = next(options, &runs) {
        if end.is_asked() {
            break;
        }
        let what = Kind::of(direction, false).word();
        let run_id = format!("{what}-{}", &Uuid::new_v4().simple().to_string()[..8]);
        let current = streams_of(&runs);
        if current != streams {
            if let Err(error) = environment.retire_streams_before(current).await {
                let reason = format!("the streams of the last round could not be removed: {error}");
                runs.push(RunRecord::unobserved(
                    &run_id,
                    direction,
                    SystemClock.now(),
                    reason,
                ));
                break;
            }
            streams = current;
        }
        let run = one(environment, options, (direction, &run_id, streams), progress);
        runs.push(burst::beside(options.burst, environment, load, run).await);
        let when = match options.repeat {
            0 | 1 => format!("after the {what}"),
            _ => format!("after run {}", runs.len()),
        };
        traffic::steady(load, &when, format!("steady traffic {when}"), progress).await;
    }
    runs
}

/// The direction of the next run; `None` if nothing is left to do.
///
/// A series has as many cutovers as were asked for. An aborted run is followed by a new one; a run that failed
/// has left a state that only its operator can judge.
fn next(options: &RehearsalOptions, runs: &[RunRecord]) -> Option<Direction> {
    if runs.last().is_some_and(|run| run.outcome == RunOutcome::Failed) {
        return None;
    }
    let rollbacks = match options.repeat {
        _ if !options.rollback || options.dry_run => 0,
        0 | 1 => 1,
        // Each may be aborted and tried again, but not without end.
        repeat => 2 * repeat as usize,
    };
    let had = |direction| runs.iter().filter(|run| run.direction == direction).count();
    let target_serves = !commits(runs).is_multiple_of(2);
    if target_serves {
        return (had(Direction::Reverse) < rollbacks).then_some(Direction::Reverse);
    }
    // No cutover begins that could not be rolled back.
    let can_go_back = rollbacks == 0 || had(Direction::Reverse) < rollbacks;
    (had(Direction::Forward) < options.repeat as usize && can_go_back).then_some(Direction::Forward)
}

fn commits(runs: &[RunRecord]) -> usize {
    runs.iter()
        .filter(|run| run.outcome == RunOutcome::Committed)
        .count()
}

/// The streams of the next run.
pub fn streams_of(runs: &[RunRecord]) -> Streams {
    let back = runs
        .iter()
        .filter(|run| run.direction == Direction::Reverse && run.outcome == RunOutcome::Committed);
    Streams::after_rollbacks(u32::try_from(back.count()).unwrap_or(u32::MAX))
}

/// One execution of a state machine. If it cannot be observed to its end, the run has failed for that reason.
async fn one(
    environment: &Environment,
    options: &RehearsalOptions,
    (direction, run_id, streams): (Direction, &str, Streams),
    progress: &dyn Progress,
) -> RunRecord {
    let plan = environment.plan_over(run_id, options.dry_run, streams);
    let started_at = SystemClock.now();
    let (what, cloud) = (Kind::of(direction, false).word(), &environment.cloud);
    let machine = match direction {
        Direction::Forward => &cloud.cutover,
        Direction::Reverse => &cloud.rollback,
    };
    match Box::pin(execute(cloud, (machine, direction), what, &plan, progress)).await {
        Ok(record) => record,
        Err(error) => {
            let reason = format!("{what}: {error}");
            RunRecord::unobserved(run_id, direction, started_at, reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crossover_core::UnixMillis;

    use super::*;
    use Direction::{Forward, Reverse};
    use RunOutcome::{Aborted, Committed, Failed};

    fn options(repeat: u32, rollback: bool) -> RehearsalOptions {
        RehearsalOptions {
            rollback,
            repeat,
            ..RehearsalOptions::new(PathBuf::new())
        }
    }

    /// The directions of a series whose runs end as given, in their order.
    fn series(options: &RehearsalOptions, ends: &[RunOutcome]) -> (Vec<Direction>, Vec<RunRecord>) {
        let mut runs = Vec::new();
        let mut ends = ends.iter();
        while let Some(direction) = next(options, &runs) {
            let outcome = *ends.next().expect("the series ends");
            runs.push(RunRecord {
                outcome,
                ..RunRecord::unobserved("r", direction, UnixMillis(0), String::new())
            });
        }
        assert_eq!(ends.next(), None, "{runs:?}");
        (runs.iter().map(|run| run.direction).collect(), runs)
    }

    #[test]
    fn a_cutover_is_followed_by_a_rollback_only_if_asked_for() {
        assert_eq!(series(&options(1, false), &[Committed]).0, [Forward]);
        assert_eq!(
            series(&options(1, true), &[Committed, Committed]).0,
            [Forward, Reverse]
        );
        assert_eq!(series(&options(1, true), &[Aborted]).0, [Forward]);
        assert_eq!(
            series(&options(1, true), &[Committed, Aborted]).0,
            [Forward, Reverse]
        );
        let dry = RehearsalOptions {
            dry_run: true,
            ..options(1, true)
        };
        assert_eq!(series(&dry, &[Committed]).0, [Forward]);
    }

    #[test]
    fn an_aborted_run_does_not_end_the_series_and_a_failed_one_does() {
        let three = options(3, true);
        assert_eq!(
            series(&three, &[Aborted, Committed, Committed, Committed, Committed]).0,
            [Forward, Forward, Reverse, Forward, Reverse]
        );
        // After an aborted rollback the target serves, so the next run goes back again.
        let ends = [
            Committed, Aborted, Committed, Committed, Committed, Committed, Committed,
        ];
        assert_eq!(
            series(&three, &ends).0,
            [Forward, Reverse, Reverse, Forward, Reverse, Forward, Reverse]
        );
        assert_eq!(series(&three, &[Committed, Failed]).0, [Forward, Reverse]);
    }

    #[test]
    fn a_series_ends_even_if_no_rollback_ever_commits_and_begins_no_cutover_that_could_not_be_rolled_back() {
        let ends = [Committed, Aborted, Aborted, Aborted, Aborted];
        let directions = [Forward, Reverse, Reverse, Reverse, Reverse];
        assert_eq!(series(&options(2, true), &ends).0, directions);
        let ends = [Committed, Aborted, Aborted, Aborted, Committed];
        assert_eq!(series(&options(2, true), &ends).0, directions);
    }

    #[test]
    fn the_streams_change_with_each_rollback_that_committed() {
        let (_, runs) = series(&options(1, true), &[Committed, Committed]);
        let rounds: Vec<Streams> = (0..=2).map(|count| streams_of(&runs[..count])).collect();
        assert_eq!(rounds, [0, 0, 1].map(Streams::after_rollbacks));
    }
}
