//! Every run of a rehearsal in one row, and how the rehearsal as a whole is judged by them.

use serde::{Deserialize, Serialize};

use super::{Breakdown, Direction, Pause, Report};
use crate::run::RunOutcome;

/// One run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunRow {
    /// The id of the run.
    pub id: String,
    /// `cutover` or `rollback`.
    pub direction: String,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The stable name of the error that kept it from committing; absent if no stage reported one.
    pub error: Option<String>,
    /// Whether that error means that the systems were too busy: a later run may succeed without any change.
    pub too_busy: bool,
    /// The error in the words of the stages; empty if the run committed.
    pub reasons: Vec<String>,
    /// Errors of clients in operations due from its start to the start of the next run.
    pub errors: u64,
    /// The wait it added to writes; absent if no write was held.
    pub pause_ms: Option<Pause>,
    /// The parts of that pause.
    pub pause_breakdown_ms: Breakdown,
}

/// What the rehearsal as a whole proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Every run ended as requested, and nothing else was wrong.
    Passed,
    /// A run was aborted because the systems were too busy. No client saw an error and no row was lost,
    /// duplicated or unequal: the abort was right, but the requested outcome was not reached.
    AbortedRightly,
    /// Anything else: the problems are in the report.
    Problems,
}

impl Report {
    /// What the rehearsal as a whole proved: of a series, the worst of its runs.
    pub fn judgement(&self) -> Judgement {
        if self.passed() {
            Judgement::Passed
        } else if self.was_aborted_rightly() {
            Judgement::AbortedRightly
        } else {
            Judgement::Problems
        }
    }

    /// Unknown is failure: without the ledger's comparison, or after an error without a name, no abort counts
    /// as right.
    fn was_aborted_rightly(&self) -> bool {
        let is_right = |run: &RunRow| match run.outcome {
            RunOutcome::Committed => true,
            RunOutcome::Aborted => run.too_busy,
            RunOutcome::Failed => false,
        };
        self.runs.iter().any(|run| run.outcome == RunOutcome::Aborted)
            && self.runs.iter().all(is_right)
            && self.defects().is_empty()
            && self.unknown.is_empty()
            && !self.series.as_ref().is_some_and(|series| series.interrupted)
    }

    /// The judgement of an abort that was right, as a sentence without its full stop.
    pub fn aborted_rightly(&self) -> String {
        let mut directions: Vec<&str> = self.aborted().map(|run| run.direction.as_str()).collect();
        directions.dedup();
        let what = match (&self.series, directions.as_slice()) {
            (Some(series), _) => format!("{} of {} runs aborted", series.aborted, self.runs.len()),
            (None, ["rollback"]) => "Rollback aborted".to_owned(),
            (None, _) => "Aborted".to_owned(),
        };
        format!("{what}, rightly: the machine was too busy; 0 errors")
    }

    /// The directions that the page shows in detail: of a series, the slowest run each way.
    pub(super) fn in_detail(&self) -> Vec<&Direction> {
        if self.series.is_none() {
            return self.directions.iter().collect();
        }
        let slowest = |name: &str| {
            self.directions
                .iter()
                .filter(|direction| direction.name == name)
                .filter_map(|direction| Some((direction, direction.pause_ms?.max)))
                .max_by(|(_, a), (_, b)| a.total_cmp(b))
                .map(|(direction, _)| direction)
        };
        ["cutover", "rollback"].into_iter().filter_map(slowest).collect()
    }

    /// The runs that were aborted.
    pub(super) fn aborted(&self) -> impl Iterator<Item = &RunRow> {
        self.runs.iter().filter(|run| run.outcome == RunOutcome::Aborted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossover_core::FractionalMillis;

    use crate::{
        ledger::Verdict,
        report::{Outcome, Series},
    };

    fn run(outcome: RunOutcome, too_busy: bool) -> RunRow {
        RunRow {
            outcome,
            too_busy,
            ..RunRow::default()
        }
    }

    /// A cutover that was aborted because the machine was too busy.
    fn busy() -> Report {
        Report {
            outcome: Outcome::Aborted,
            asked: Outcome::Committed,
            failure: Some("connection-drain: WritersRemain: …".into()),
            ledger: Some(Verdict::default()),
            runs: vec![run(RunOutcome::Aborted, true)],
            ..Report::default()
        }
    }

    #[test]
    fn an_abort_of_a_busy_machine_is_right_only_if_nothing_else_is_wrong() {
        assert_eq!(busy().judgement(), Judgement::AbortedRightly);
        assert!(!busy().passed());
        let spoils: [fn(&mut Report); 8] = [
            |report| report.writes.errors = 1,
            |report| report.reads.errors = 1,
            |report| report.writes.lost = 1,
            |report| report.writes.duplicated = 1,
            |report| report.ledger = None,
            |report| report.unknown = vec!["the two sides could not be compared".into()],
            |report| report.runs[0].too_busy = false,
            |report| report.runs.push(run(RunOutcome::Failed, true)),
        ];
        for (index, spoil) in spoils.into_iter().enumerate() {
            let mut report = busy();
            spoil(&mut report);
            assert_eq!(report.judgement(), Judgement::Problems, "spoil {index}");
        }
    }

    #[test]
    fn an_aborted_rollback_after_a_committed_cutover_is_right_too() {
        let report = Report {
            outcome: Outcome::Committed,
            asked: Outcome::RolledBack,
            tables: vec![crate::report::TableRow {
                equal: true,
                ..Default::default()
            }],
            runs: vec![run(RunOutcome::Committed, false), run(RunOutcome::Aborted, true)],
            ..busy()
        };
        assert_eq!(report.judgement(), Judgement::AbortedRightly);
    }

    #[test]
    fn the_page_states_that_the_abort_was_right_and_why() {
        let page = busy().html();
        assert!(page.contains("Aborted, rightly: the machine was too busy; 0 errors. The source serves"));
        assert!(page.contains("connection-drain: WritersRemain"));
        let mut wrong = busy();
        wrong.writes.errors = 1;
        assert!(!wrong.html().contains("rightly"));
    }

    #[test]
    fn a_series_is_judged_by_its_worst_run_and_shows_the_slowest_of_each_direction() {
        let direction = |name: &str, max| Direction {
            name: name.into(),
            pause_ms: Some(Pause {
                max: FractionalMillis(max),
                ..Pause::default()
            }),
            ..Direction::default()
        };
        let mut report = busy();
        report.runs.push(run(RunOutcome::Committed, false));
        report.series = Some(Series::of(&report.runs, 2, 0, false));
        report.directions = vec![
            direction("cutover", 3.0),
            direction("rollback", 1.0),
            direction("cutover", 9.0),
        ];
        assert_eq!(report.judgement(), Judgement::AbortedRightly);
        assert!(report.html().contains("1 of 2 runs aborted, rightly"));
        let detailed: Vec<f64> = report
            .in_detail()
            .iter()
            .filter_map(|d| Some(d.pause_ms?.max.0))
            .collect();
        assert_eq!(detailed, [9.0, 1.0]);
        report.series = Some(Series::of(&report.runs, 2, 0, true));
        assert_eq!(report.judgement(), Judgement::Problems);
        report.series = Some(Series::of(&report.runs, 2, 0, false));
        report.runs.push(run(RunOutcome::Failed, false));
        assert_eq!(report.judgement(), Judgement::Problems);
    }

    #[test]
    fn a_run_that_only_committed_is_never_called_an_abort() {
        let mut report = busy();
        report.runs = vec![run(RunOutcome::Committed, false)];
        assert_eq!(report.judgement(), Judgement::Problems);
        assert!(
            Judgement::Passed < Judgement::AbortedRightly && Judgement::AbortedRightly < Judgement::Problems
        );
    }
}
