//! Does the target's planner know its tables? Data that was just copied has no statistics, and the first minute after the
//! cutover is a bad time to learn it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Severity;
use crate::catalogue::{TableName, TableStatistics};

/// Changes since the last analysis that are always too few to matter.
const FEW: u64 = 1_000;
/// Beyond [`FEW`], the part of its rows a table may have changed by, as a divisor: one tenth, autovacuum's own default.
const PART: u64 = 10;

/// What is wrong with a table's statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Staleness {
    /// It has rows and nobody ever analysed it.
    NeverAnalysed,
    /// The planner takes it for empty (`reltuples` is 0 or -1) though it has rows.
    ReportedEmpty,
    /// More than a tenth of its rows and a thousand changed since.
    Outdated,
}

/// A table of the target whose statistics are not fresh.
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

/// Tables of the target with statistics that are not fresh, sorted. The source tells of rows the target's counters forgot.
pub fn stale(source: &[TableStatistics], target: &[TableStatistics]) -> Vec<StaleStatistics> {
    let on_source: HashMap<&TableName, u64> = source.iter().map(|s| (&s.table, rows(s))).collect();
    let mut found: Vec<StaleStatistics> = target
        .iter()
        .filter_map(|table| {
            let rows = rows(table).max(on_source.get(&table.table).copied().unwrap_or(0));
            let (staleness, said) = judge(table, rows)?;
            Some(StaleStatistics {
                table: table.table.to_string(),
                staleness,
                severity: Severity::Warning,
                detail: format!("table {}: {said}", table.table),
                remedy: format!("analyze {} on the target", table.table),
            })
        })
        .collect();
    found.sort();
    found
}

/// The best guess at how many rows there are.
fn rows(statistics: &TableStatistics) -> u64 {
    statistics.live_rows.max(statistics.planned_rows.unwrap_or(0))
}

fn judge(table: &TableStatistics, rows: u64) -> Option<(Staleness, String)> {
    if rows == 0 {
        return None;
    }
    if table.analysed_ms_ago.is_none() && !table.has_column_statistics {
        return Some((
            Staleness::NeverAnalysed,
            format!("never analysed on the target, about {rows} rows"),
        ));
    }
    if table.planned_rows.is_none_or(|planned| planned == 0) && table.live_rows > 0 {
        return Some((
            Staleness::ReportedEmpty,
            format!("the target's planner takes it for empty, about {rows} rows"),
        ));
    }
    (table.changed_since > FEW + rows / PART).then(|| {
        let since = table.analysed_ms_ago.map_or_else(
            || "it was last analysed".to_owned(),
            |ms| format!("it was analysed {} min ago", ms / 60_000),
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

    fn fresh(rows: u64) -> TableStatistics {
        TableStatistics {
            table: TableName {
                schema: "shop".into(),
                name: "orders".into(),
            },
            live_rows: rows,
            planned_rows: Some(rows),
            analysed_ms_ago: Some(120_000),
            has_column_statistics: true,
            changed_since: 0,
        }
    }

    fn verdict(source: &TableStatistics, target: &TableStatistics) -> Option<Staleness> {
        let found = stale(std::slice::from_ref(source), std::slice::from_ref(target));
        found.first().map(|f| f.staleness)
    }

    #[test]
    fn fresh_statistics_and_empty_tables_pass() {
        assert_eq!(verdict(&fresh(10), &fresh(10)), None);
        let empty = TableStatistics {
            planned_rows: None,
            analysed_ms_ago: None,
            has_column_statistics: false,
            ..fresh(0)
        };
        assert_eq!(verdict(&empty, &empty), None);
        assert_eq!(stale(&[fresh(10)], &[]), []);
    }

    #[test]
    fn a_table_that_was_never_analysed_is_found_even_when_its_counters_are_lost() {
        let never = |live_rows| TableStatistics {
            live_rows,
            planned_rows: None,
            analysed_ms_ago: None,
            has_column_statistics: false,
            ..fresh(0)
        };
        assert_eq!(verdict(&fresh(0), &never(5)), Some(Staleness::NeverAnalysed));
        assert_eq!(verdict(&fresh(5), &never(0)), Some(Staleness::NeverAnalysed));
        let counters_lost = TableStatistics {
            analysed_ms_ago: None,
            ..fresh(5)
        };
        assert_eq!(verdict(&fresh(5), &counters_lost), None);
    }

    #[test]
    fn a_table_the_planner_takes_for_empty_is_found() {
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
        let found = stale(&[], &[changed(3_001)]);
        assert_eq!(
            found[0].detail,
            "table shop.orders: 3001 of about 20000 rows changed on the target since it was analysed 2 min ago"
        );
        assert_eq!(found[0].remedy, "analyze shop.orders on the target");
    }
}
