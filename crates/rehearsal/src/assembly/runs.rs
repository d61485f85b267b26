//! What the runs say: the outcome, the reasons, and one row for each.

use crossover_core::{
    FractionalMillis,
    error::RetryClass,
    routing::{Phase as LanePhase, UnixMillis},
};

use crate::{
    final_state::FinalState,
    load::Sample,
    options::RehearsalOptions,
    report::{Direction, Outcome, RunRow},
    run::{RunOutcome, RunRecord},
};

/// The outcome by the side that serves at the end, which has to agree with the commits of the runs.
pub(super) fn outcome(options: &RehearsalOptions, runs: &[RunRecord], phase: Option<LanePhase>) -> Outcome {
    let ended = |outcome| runs.iter().filter(|run| run.outcome == outcome).count();
    let commits = if options.dry_run {
        0
    } else {
        ended(RunOutcome::Committed)
    };
    if runs.is_empty() || ended(RunOutcome::Failed) > 0 {
        return Outcome::Failed;
    }
    match (phase, commits.is_multiple_of(2)) {
        (Some(LanePhase::ServeTarget), false) => Outcome::Committed,
        (Some(LanePhase::ServeSource), true) if ended(RunOutcome::Aborted) > 0 && commits == 0 => {
            Outcome::Aborted
        }
        (Some(LanePhase::ServeSource), true) if options.dry_run => Outcome::Planned,
        (Some(LanePhase::ServeSource), true) => Outcome::RolledBack,
        _ => Outcome::Failed,
    }
}

/// What died, and what could not be found out.
pub(super) fn unknown(final_state: &FinalState) -> Vec<String> {
    final_state
        .ended_early
        .iter()
        .chain(&final_state.unknown)
        .cloned()
        .collect()
}

/// Why runs did not commit, in the words of the failed component, and what could not be found out. A component
/// that died explains the rest, so it comes first.
pub(super) fn failure(runs: &[RunRecord], unknown: &[String]) -> Option<String> {
    let (first, rest) = unknown.split_at(unknown.len().min(1));
    let mut reasons = first.to_vec();
    for (index, run) in runs.iter().enumerate() {
        if run.outcome == RunOutcome::Committed {
            continue;
        }
        // In a series the reader has to know which run it was.
        let which = match runs.len() {
            0..=2 => String::new(),
            _ => format!("run {}: ", index + 1),
        };
        reasons.extend(run.errors.iter().map(|error| format!("{which}{error}")));
    }
    reasons.extend(rest.iter().cloned());
    (!reasons.is_empty()).then(|| reasons.join("\n"))
}

/// One row for each run. `directions` are those of the same runs.
pub(super) fn rows(
    final_state: &FinalState,
    directions: &[Direction],
    since_start: impl Fn(UnixMillis) -> FractionalMillis,
) -> Vec<RunRow> {
    let starts: Vec<FractionalMillis> = final_state
        .runs
        .iter()
        .map(|run| since_start(run.started_at))
        .collect();
    let errors = errors_by_run(&final_state.load.samples, &starts);
    let rows = final_state.runs.iter().zip(directions).zip(errors);
    rows.map(|((run, direction), errors)| RunRow {
        id: run.run_id.clone(),
        direction: direction.name.clone(),
        outcome: run.outcome,
        error: run.error.map(|error| error.name().to_owned()),
        too_busy: run.error.is_some_and(|error| error.retry() == RetryClass::Later),
        reasons: match run.outcome {
            RunOutcome::Committed => Vec::new(),
            RunOutcome::Aborted | RunOutcome::Failed => run.errors.clone(),
        },
        errors,
        pause_ms: direction.pause_ms,
        pause_breakdown_ms: direction.pause_breakdown_ms.clone(),
    })
    .collect()
}

/// Errors of clients by the run during which, or after which, the operation was due. `starts` is ascending.
pub(super) fn errors_by_run(samples: &[Sample], starts: &[FractionalMillis]) -> Vec<u64> {
    let mut errors = vec![0; starts.len()];
    for sample in samples.iter().filter(|sample| sample.is_client_error()) {
        let begun = starts.partition_point(|&start| start <= sample.at_ms);
        if let Some(of_run) = begun.checked_sub(1).and_then(|run| errors.get_mut(run)) {
            *of_run += 1;
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crossover_core::Direction as Towards;

    use super::*;
    use crate::load::{Kind, Outcome as Ended};

    #[test]
    fn an_error_belongs_to_the_run_that_had_begun_when_the_operation_was_due() {
        let error_at = |at_ms| Sample {
            at_ms: FractionalMillis(at_ms),
            latency_ms: FractionalMillis(1.0),
            kind: Kind::Read,
            outcome: Ended::Error,
            held_ms: None,
            side: None,
            keyed: false,
        };
        let mut samples = [5.0, 10.0, 19.0, 20.0, 90.0].map(error_at).to_vec();
        samples.push(Sample {
            kind: Kind::Stray,
            ..error_at(15.0)
        });
        samples.push(Sample {
            outcome: Ended::Stale,
            ..error_at(15.0)
        });
        let starts = [10.0, 20.0, 100.0].map(FractionalMillis);
        assert_eq!(errors_by_run(&samples, &starts), [2, 2, 0]);
        assert!(errors_by_run(&samples, &[]).is_empty());
    }

    #[test]
    fn the_outcome_is_that_of_the_side_that_serves_if_the_commits_agree() {
        use LanePhase::{ServeSource, ServeTarget};
        use RunOutcome::{Aborted, Committed, Failed};
        let of = |dry_run, ends: &[RunOutcome], phase| {
            let options = RehearsalOptions {
                dry_run,
                ..RehearsalOptions::new(PathBuf::new())
            };
            let run = |&outcome: &RunOutcome| RunRecord {
                outcome,
                ..RunRecord::unobserved("r", Towards::Forward, UnixMillis(0), String::new())
            };
            outcome(&options, &ends.iter().map(run).collect::<Vec<_>>(), phase)
        };
        let (source, target) = (Some(ServeSource), Some(ServeTarget));
        for (ends, phase, expected) in [
            (&[Committed][..], target, Outcome::Committed),
            (&[Aborted], source, Outcome::Aborted),
            (&[Committed, Committed], source, Outcome::RolledBack),
            (&[Committed, Aborted], target, Outcome::Committed),
            (&[Aborted, Committed, Committed], source, Outcome::RolledBack),
            // The lane contradicts the runs, or nothing is known.
            (&[Committed], source, Outcome::Failed),
            (&[Aborted], target, Outcome::Failed),
            (&[Committed, Committed], target, Outcome::Failed),
            (&[Committed], None, Outcome::Failed),
            (&[Committed, Failed], target, Outcome::Failed),
            (&[], source, Outcome::Failed),
        ] {
            assert_eq!(of(false, ends, phase), expected, "{ends:?} {phase:?}");
        }
        assert_eq!(of(true, &[Committed], source), Outcome::Planned);
        assert_eq!(of(true, &[Aborted], source), Outcome::Aborted);
        assert_eq!(of(true, &[Committed], target), Outcome::Failed);
    }

    #[test]
    fn what_died_is_the_first_reason_and_a_committed_run_gives_none() {
        let run = |outcome, text: &str| RunRecord {
            outcome,
            ..RunRecord::unobserved("r", Towards::Forward, UnixMillis(0), text.to_owned())
        };
        let runs = [
            run(RunOutcome::Committed, "retried"),
            run(RunOutcome::Aborted, "aborted"),
        ];
        let unknown = ["workerd died".to_owned(), "no lane".to_owned()];
        assert_eq!(
            failure(&runs, &unknown).as_deref(),
            Some("workerd died\naborted\nno lane")
        );
        assert_eq!(failure(&runs[..1], &[]), None);
        let series = [runs[0].clone(), runs[0].clone(), runs[1].clone()];
        assert_eq!(failure(&series, &[]).as_deref(), Some("run 3: aborted"));
    }
}
