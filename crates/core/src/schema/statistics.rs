//! The planner statistics of the target. Copied data has no statistics, and without them queries can be slow
//! right after the cutover.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Remedies, Remedy, Severity};
use crate::catalogue::{TableName, TableStatistics};

/// Up to this number of changes since the last analysis, statistics never count as outdated.
const FEW: u64 = 1_000;
/// In addition to [`FEW`], the part of a table's rows that may have changed, as a divisor: one tenth, at
/// which servers analyse a table again by default.
const PART: u64 = 10;

/// The fault of a table's statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Staleness {
    /// The table has rows and was never analysed.
    NeverAnalysed,
    /// The planner treats the table as empty although it has rows.
    ReportedEmpty,
    /// More than a thousand rows plus a tenth of all rows have changed since the last analysis.
    Outdated,
}

/// A table of the target with missing or outdated statistics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StaleStatistics {
    /// `schema.name`.
    pub table: String,
    pub staleness: Staleness,
    pub severity: Severity,
    pub detail: String,
    pub remedy: String,
}

/// Tables of the target with missing or outdated statistics, sorted. The row counts of the source stand in
/// where the target has lost its counters.
pub fn stale(
    source: &[TableStatistics],
    target: &[TableStatistics],
    target_engine: &dyn Remedies,
) -> Vec<StaleStatistics> {
    let on_source: HashMap<&TableName, u64> = source.iter().map(|s| (&s.table, rows(s))).collect();
    let mut found: Vec<StaleStatistics> = target
        .iter()
        .filter_map(|table| {
            let rows = rows(table).max(on_source.get(&table.table).copied().unwrap_or(0));
            let (staleness, description) = judge(table, rows)?;
            Some(StaleStatistics {
                table: table.table.to_string(),
                staleness,
                severity: Severity::Warning,
                detail: format!("table {}: {description}", table.table),
                remedy: format!(
                    "{} on the target",
                    target_engine.remedy(&Remedy::Analyse(table.table.clone()))
                ),
            })
        })
        .collect();
    found.sort();
    found
}

/// The best estimate of the number of rows.
fn rows(statistics: &TableStatistics) -> u64 {
    statistics.live_rows.max(statistics.planned_rows.unwrap_or(0))
}

fn judge(table: &TableStatistics, rows: u64) -> Option<(Staleness, String)> {
    if rows == 0 {
        return None;
    }
    if table.analysed_ago_ms.is_none() && !table.has_column_statistics {
        return Some((
            Staleness::NeverAnalysed,
            format!("never analysed on the target, about {rows} rows"),
        ));
    }
    if table.planned_rows.is_none_or(|planned| planned == 0) && table.live_rows > 0 {
        return Some((
            Staleness::ReportedEmpty,
            format!("the target's planner treats it as empty, about {rows} rows"),
        ));
    }
    (table.changed_since > FEW + rows / PART).then(|| {
        let since = table.analysed_ago_ms.map_or_else(
            || "it was last analysed".to_owned(),
            |ago| format!("it was analysed {} min ago", ago.whole_seconds() / 60),
        );
        (
            Staleness::Outdated,
            format!(
                "{} of about {rows} rows changed on the target since {since}",
                table.changed_since
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Millis, schema::remedy::tests::Plain};

    fn fresh(rows: u64) -> TableStatistics {
        TableStatistics {
            table: TableName {
                schema: "shop".into(),
                name: "orders".into(),
            },
            live_rows: rows,
            planned_rows: Some(rows),
            analysed_ago_ms: Some(Millis(120_000)),
            has_column_statistics: true,
            changed_since: 0,
        }
    }

    fn verdict(source: &TableStatistics, target: &TableStatistics) -> Option<Staleness> {
        let found = stale(std::slice::from_ref(source), std::slice::from_ref(target), &Plain);
        found.first().map(|f| f.staleness)
    }

    #[test]
    fn fresh_statistics_and_empty_tables_pass() {
        assert_eq!(verdict(&fresh(10), &fresh(10)), None);
        let empty = TableStatistics {
            planned_rows: None,
            analysed_ago_ms: None,
            has_column_statistics: false,
            ..fresh(0)
        };
        assert_eq!(verdict(&empty, &empty), None);
        assert_eq!(stale(&[fresh(10)], &[], &Plain), []);
    }

    #[test]
    fn a_table_that_was_never_analysed_is_found_even_when_its_counters_are_lost() {
        let never = |live_rows| TableStatistics {
            live_rows,
            planned_rows: None,
            analysed_ago_ms: None,
            has_column_statistics: false,
            ..fresh(0)
        };
        assert_eq!(verdict(&fresh(0), &never(5)), Some(Staleness::NeverAnalysed));
        assert_eq!(verdict(&fresh(5), &never(0)), Some(Staleness::NeverAnalysed));
        let counters_lost = TableStatistics {
            analysed_ago_ms: None,
            ..fresh(5)
        };
        assert_eq!(verdict(&fresh(5), &counters_lost), None);
    }

    #[test]
    fn a_table_that_the_planner_treats_as_empty_is_found() {
        for planned_rows in [None, Some(0)] {
            let target = TableStatistics {
                planned_rows,
                ..fresh(5)
            };
            assert_eq!(verdict(&fresh(5), &target), Some(Staleness::ReportedEmpty));
        }
    }

    #[test]
    fn changes_count_from_a_thousand_and_a_tenth_of_the_rows() {
        let changed = |changed_since| TableStatistics {
            changed_since,
            ..fresh(20_000)
        };
        assert_eq!(verdict(&fresh(20_000), &changed(3_000)), None);
        assert_eq!(
            verdict(&fresh(20_000), &changed(3_001)),
            Some(Staleness::Outdated)
        );
        let found = stale(&[], &[changed(3_001)], &Plain);
        assert_eq!(
            found[0].detail,
            "table shop.orders: 3001 of about 20000 rows changed on the target since it was analysed 2 min ago"
        );
        assert!(found[0].remedy.starts_with("Analyse") && found[0].remedy.ends_with(" on the target"));
    }
}
