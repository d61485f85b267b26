//! Whether the run has passed. An unknown result is a failure: a table that was not compared has not passed.

use std::collections::BTreeMap;

use crossover_core::FractionalMillis;
use crossover_report::number::{count, duration};

use super::{Outcome, Report};

/// The aim for the added wait of a cutover: 95th percentile, longest.
const LIMITS: (FractionalMillis, FractionalMillis) = (FractionalMillis(500.0), FractionalMillis(1_000.0));

impl Outcome {
    /// The word of the report's headline.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Committed => "Committed",
            Self::Aborted => "Aborted",
            Self::RolledBack => "Rolled back",
            Self::Failed => "Failed",
            Self::Planned => "Dry run",
        }
    }

    /// The side in charge afterwards, if known.
    pub(super) fn in_charge(self) -> Option<&'static str> {
        match self {
            Self::Committed => Some("target"),
            Self::Aborted | Self::RolledBack | Self::Planned => Some("source"),
            Self::Failed => None,
        }
    }
}

impl Report {
    /// Whether the outcome is the requested one, no row was lost, duplicated or unequal, and no client saw an
    /// error.
    pub fn passed(&self) -> bool {
        self.problems().is_empty()
    }

    /// All problems that keep the run from passing, worst first; empty if the run has passed.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.defects();
        if self.moved() && self.tables.is_empty() {
            problems.push("no table was compared".into());
        }
        let aborted = self.aborted().count();
        if self.outcome != self.asked {
            problems.push(format!(
                "the run was to end as \"{}\"",
                self.asked.word().to_lowercase()
            ));
        } else if self.outcome == Outcome::Failed {
            problems.push("the run failed".into());
        } else if aborted > 0 {
            problems.push(format!("{aborted} of {} runs were aborted", self.runs.len()));
        }
        if let Some(series) = self.series.as_ref().filter(|series| series.interrupted) {
            problems.push(format!(
                "the series was ended by the user after {} runs; {} cutovers with their rollbacks were asked for",
                self.runs.len(),
                series.repeat
            ));
        }
        if let Some(failure) = &self.failure {
            problems.push(failure.clone());
        }
        if let Some(option) = &self.exclude_option {
            problems.push(format!(
                "to run without the tables that cannot be replicated: {option}; to give them a replica identity: replica-identity.sql next to this report"
            ));
        }
        problems
    }

    /// What no abort excuses: problems of the data, errors of clients, a ledger that was not compared.
    pub(super) fn defects(&self) -> Vec<String> {
        let mut problems = self.data_problems();
        let errors = self.writes.errors + self.reads.errors;
        if errors > 0 {
            problems.push(format!(
                "clients saw {} {}: {} of writes, {} of reads",
                count(errors),
                if errors == 1 { "error" } else { "errors" },
                count(self.writes.errors),
                count(self.reads.errors)
            ));
        }
        if self.ledger.is_none() && self.outcome != Outcome::Planned {
            problems.push("the ledger was not compared with the databases".into());
        }
        problems
    }

    /// Problems of the data itself: lost, duplicated, unequal.
    pub(super) fn data_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut must_be_zero = |number: u64, one: &str, many: &str| {
            if number > 0 {
                problems.push(format!(
                    "{} {}",
                    count(number),
                    if number == 1 { one } else { many }
                ));
            }
        };
        must_be_zero(
            self.writes.lost,
            "acknowledged write is lost",
            "acknowledged writes are lost",
        );
        must_be_zero(
            self.writes.duplicated,
            "write is present more than once",
            "writes are present more than once",
        );
        if let Some(ledger) = &self.ledger {
            must_be_zero(
                ledger.torn,
                "order was replicated in part",
                "orders were replicated in part",
            );
            must_be_zero(
                ledger.only_on_other_side,
                "write is only on the side that is not in charge",
                "writes are only on the side that is not in charge",
            );
        }
        // Tables that were not compared for the same reason are one problem.
        let mut not_compared: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for table in self.tables.iter().filter(|table| !table.equal) {
            match (&table.not_compared, table.rows_source, table.rows_target) {
                (None, Some(source), Some(target)) => problems.push(format!(
                    "table {} differs: {} rows on the source, {} on the target",
                    table.name,
                    count(source),
                    count(target)
                )),
                (reason, ..) => not_compared
                    .entry(reason.as_deref().unwrap_or("its rows are unknown"))
                    .or_default()
                    .push(&table.name),
            }
        }
        for (reason, tables) in not_compared {
            problems.push(match tables.as_slice() {
                [table] => format!("table {table} was not compared: {reason}"),
                tables => format!(
                    "{} tables were not compared: {reason}: {}",
                    count(tables.len() as u64),
                    tables.join(", ")
                ),
            });
        }
        for sequence in self.sequences.iter().filter(|sequence| !sequence.ahead) {
            problems.push(format!("sequence {} would issue a value again", sequence.name));
        }
        problems
    }

    /// Remarks that do not keep the run from passing.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.reads.stale > 0 {
            warnings.push(format!(
                "{} reads did not return a write acknowledged before",
                count(self.reads.stale)
            ));
        }
        if self.load.sent_late > 0 {
            warnings.push(format!(
                "the bound of {} requests in flight was reached {} times: these requests were sent late, which their latencies show",
                count(u64::from(self.load.most_in_flight)),
                count(self.load.sent_late)
            ));
        }
        if !self.load.not_steady.is_empty() {
            warnings.push(format!(
                "after 60 s the latency of writes was still changing, and the rehearsal went on: {}",
                self.load.not_steady.join(", ")
            ));
        }
        for direction in self
            .directions
            .iter()
            .filter(|direction| !direction.stragglers.is_empty())
        {
            warnings.push(format!(
                "the {} ended writes that had not ended in time, as the plan asks: {}",
                direction.name,
                direction.stragglers.join("; ")
            ));
        }
        warnings.extend(self.pauses_beyond_the_aim());
        warnings
    }

    fn pauses_beyond_the_aim(&self) -> Vec<String> {
        let pauses = self
            .directions
            .iter()
            .filter_map(|d| Some((&d.name, d.pause_ms?)));
        if self.series.is_some() {
            let late = pauses
                .clone()
                .filter(|(_, pause)| pause.p95 > LIMITS.0 || pause.max > LIMITS.1)
                .count();
            let remark = format!(
                "{late} of {} runs added more than {} at the 95th percentile or {} at most, which are the aims",
                pauses.count(),
                duration(LIMITS.0),
                duration(LIMITS.1)
            );
            return if late > 0 { vec![remark] } else { Vec::new() };
        }
        let mut warnings = Vec::new();
        for (name, pause) in pauses {
            if pause.p95 > LIMITS.0 {
                warnings.push(format!(
                    "the {name} added {} at the 95th percentile: the aim is {} at most",
                    duration(pause.p95),
                    duration(LIMITS.0)
                ));
            }
            if pause.max > LIMITS.1 {
                warnings.push(format!(
                    "the {name} added up to {}: the aim is {} at most",
                    duration(pause.max),
                    duration(LIMITS.1)
                ));
            }
        }
        warnings
    }

    /// Whether the data has changed sides at least once.
    pub(super) fn moved(&self) -> bool {
        matches!(self.outcome, Outcome::Committed | Outcome::RolledBack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Verdict;
    use crate::report::{SequenceRow, TableRow};

    fn good() -> Report {
        Report {
            outcome: Outcome::Committed,
            asked: Outcome::Committed,
            ledger: Some(Verdict::default()),
            tables: vec![TableRow {
                name: "a".into(),
                rows_source: Some(1),
                rows_target: Some(1),
                equal: true,
                not_compared: None,
            }],
            ..Report::default()
        }
    }

    /// A report with one defect.
    type Spoil = fn(&mut Report);

    #[test]
    fn a_run_passes_only_without_any_problem() {
        assert!(good().passed(), "{:?}", good().problems());
        let spoils: [(&str, Spoil); 13] = [
            ("clients saw 1 error: 1 of writes", |report| {
                report.writes.errors = 1;
            }),
            ("clients saw 2 errors: 0 of writes", |report| {
                report.reads.errors = 2;
            }),
            ("lost", |report| report.writes.lost = 1),
            ("more than once", |report| report.writes.duplicated = 2),
            ("in part", |report| {
                report.ledger = Some(Verdict {
                    torn: 1,
                    ..Verdict::default()
                });
            }),
            ("not in charge", |report| {
                report.ledger = Some(Verdict {
                    only_on_other_side: 1,
                    ..Verdict::default()
                });
            }),
            ("table a differs", |report| report.tables[0].equal = false),
            ("table a was not compared: hidden", |report| {
                report.tables[0] = TableRow {
                    name: "a".into(),
                    not_compared: Some("hidden".into()),
                    ..TableRow::default()
                };
            }),
            ("sequence s", |report| {
                report.sequences = vec![SequenceRow {
                    name: "s".into(),
                    ..SequenceRow::default()
                }];
            }),
            ("ledger was not", |report| report.ledger = None),
            ("no table", |report| report.tables.clear()),
            ("to end as \"rolled back\"", |report| {
                report.asked = Outcome::RolledBack;
            }),
            ("stopped", |report| report.failure = Some("stopped".into())),
        ];
        for (words, spoil) in spoils {
            let mut report = good();
            spoil(&mut report);
            let problems = report.problems();
            assert!(
                problems.len() == 1 && problems[0].contains(words),
                "{words}: {problems:?}"
            );
        }
    }

    #[test]
    fn a_load_that_was_late_or_not_steady_is_a_remark() {
        let mut report = good();
        report.load.most_in_flight = 2_500;
        assert_eq!(report.warnings(), Vec::<String>::new());
        report.load.sent_late = 7;
        report.load.not_steady = vec!["before the cutover".into()];
        let warnings = report.warnings().join("\n");
        assert!(
            warnings.contains("bound of 2,500 requests in flight was reached 7 times"),
            "{warnings}"
        );
        assert!(
            warnings.contains("still changing") && warnings.contains("before the cutover"),
            "{warnings}"
        );
        assert!(report.passed());
    }

    #[test]
    fn tables_that_were_never_loaded_are_one_problem_and_never_called_different() {
        let mut report = good();
        report.tables.extend(["b", "c"].map(|name| TableRow {
            name: name.into(),
            not_compared: Some("nothing was loaded".into()),
            ..TableRow::default()
        }));
        report.exclude_option = Some("--exclude b,c".into());
        let problems = report.problems();
        assert_eq!(
            problems[0],
            "2 tables were not compared: nothing was loaded: b, c"
        );
        assert!(
            problems[1].contains("--exclude b,c") && problems.len() == 2,
            "{problems:?}"
        );
    }

    #[test]
    fn a_failed_run_never_passes_even_where_failure_was_expected() {
        let report = Report {
            outcome: Outcome::Failed,
            asked: Outcome::Failed,
            ..Report::default()
        };
        assert!(!report.passed());
        assert!(!Report::default().passed());
    }
}
