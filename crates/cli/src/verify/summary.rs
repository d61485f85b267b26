//! The result in a few lines.

use std::{collections::BTreeMap, fmt::Write as _};

use crossover_core::{rows::Shown, schema::Severity};
use crossover_report::number::duration;
use crossover_verify::{
    CouldNotRun, FollowEvent, LongestSnapshots, Report,
    rows::{Difference, Kind, TableResult},
};

use crate::visible::{put, visible};

/// Number of differences shown for each table; the report has the others.
const SHOWN: usize = 10;

/// Number of tables named in a finding about many of them.
const NAMED: usize = 3;

/// The report as text; with `all` every finding is a separate line.
pub fn text(report: &Report, all: bool) -> String {
    let mut text = String::new();
    let rows: u64 = report.tables.iter().map(|t| t.rows_source).sum();
    let equal = report.tables.iter().filter(|t| t.equal).count();
    let verdict = verdict(report.equal, report.is_different());
    put(&mut text, format_args!("{verdict}"));
    put(
        &mut text,
        format_args!(
            "  rows     {equal} of {} tables equal, {rows} rows on the source, in {}",
            report.tables.len(),
            duration(report.elapsed_ms)
        ),
    );
    let held = report.longest_snapshots;
    if held != LongestSnapshots::default() {
        put(
            &mut text,
            format_args!(
                "  snapshot held for {} on the source and {} on the target at most",
                duration(held.source_ms),
                duration(held.target_ms)
            ),
        );
    }
    for table in report.tables.iter().filter(|t| !t.equal) {
        table_lines(&mut text, table);
    }
    for note in &report.notes {
        put(&mut text, format_args!("  note: {note}"));
    }
    for difference in &report.schema_differences {
        put(
            &mut text,
            format_args!(
                "  {} ({}): {difference}",
                severity(difference.severity),
                difference.breaks
            ),
        );
    }
    for sequence in &report.sequences {
        if let Some(weight) = sequence.severity {
            put(
                &mut text,
                format_args!("  {}: {}", severity(weight), sequence.detail),
            );
        }
    }
    let keys = report.primary_keys.iter().map(|k| {
        (
            k.severity,
            k.table.as_str(),
            k.cause.as_str(),
            k.remedy.as_str(),
            k.detail.as_str(),
        )
    });
    findings(&mut text, all, keys.collect());
    for table in &report.statistics {
        put(
            &mut text,
            format_args!(
                "  {}: {}; {}",
                severity(table.severity),
                table.detail,
                table.remedy
            ),
        );
    }
    for unread in &report.not_compared {
        put(
            &mut text,
            format_args!("  not compared: {unread}; {}", unread.remedy),
        );
    }
    not_compared(&mut text, all, &report.could_not_run);
    text
}

/// A finding about a table: severity, table, cause, remedy, and the complete sentence.
type Found<'a> = (Severity, &'a str, &'a str, &'a str, &'a str);
/// Tables with their complete sentences.
type Tables<'a> = Vec<(&'a str, &'a str)>;

/// Findings with the same cause and remedy become one line with a count.
fn findings(text: &mut String, all: bool, found: Vec<Found<'_>>) {
    let mut groups: BTreeMap<(Severity, &str, &str), Tables<'_>> = BTreeMap::new();
    for (weight, table, cause, remedy, detail) in found {
        groups
            .entry((weight, cause, remedy))
            .or_default()
            .push((table, detail));
    }
    for ((weight, cause, remedy), tables) in groups {
        let weight = severity(weight);
        if all || tables.len() == 1 {
            for (_, detail) in tables {
                put(text, format_args!("  {weight}: {detail}; {remedy}"));
            }
            continue;
        }
        let names: Vec<&str> = tables.iter().map(|(table, _)| *table).collect();
        put(
            text,
            format_args!(
                "  {weight}: {} tables, each {cause}; {remedy}: {}",
                tables.len(),
                list(&names)
            ),
        );
    }
}

/// An event of the follower as text.
pub fn event(event: &FollowEvent) -> String {
    let said = match event {
        FollowEvent::Follows { slot, resumed: false } => {
            format!("  following the changes through slot {slot}")
        }
        FollowEvent::Follows { slot, resumed: true } => {
            format!("  continuing from the checkpoint, through slot {slot}")
        }
        FollowEvent::StartsOver { reason } => format!("  starting again: {reason}"),
        FollowEvent::Compared {
            table,
            rows_source,
            rows_target,
            open,
        } => format!(
            "  {table}: compared, {rows_source} rows on the source, {rows_target} on the target, {open} to be checked again"
        ),
        FollowEvent::WholeTable { table } => {
            format!(
                "  {table}: more of its rows changed than --dirty-rows allows to keep; the table is compared as a whole again"
            )
        }
        FollowEvent::Different {
            table,
            hot,
            difference,
        } => {
            return format!(
                "  ✗ {}{}: {}",
                visible(table),
                if *hot { " (continues to change)" } else { "" },
                line(difference)
            );
        }
        FollowEvent::Truncated { table } => {
            format!("  ✗ {table}: more rows differ than --max-reported allows")
        }
        FollowEvent::Withdrawn { table, key } => format!("  ✓ {table}: {} is equal now", key.join(", ")),
        FollowEvent::Remaining {
            rechecked,
            different_rows,
            different,
            unknown,
            elapsed_ms,
            ..
        } => {
            let mut text = format!(
                "  {} the remaining rows: {rechecked} checked again in {}, {different_rows} differ",
                if *different_rows == 0 && unknown.is_empty() {
                    '✓'
                } else {
                    '✗'
                },
                duration(*elapsed_ms)
            );
            for row in different.iter().take(SHOWN) {
                let named = format!("{}: {}", row.table, row.key.join(", "));
                let _ = write!(text, "\n    {}", visible(&named));
            }
            if !unknown.is_empty() {
                let _ = write!(
                    text,
                    "\n    not compared as a whole yet: {}",
                    visible(&unknown.join(", "))
                );
            }
            return text;
        }
        FollowEvent::Note { text } => format!("  … {text}"),
        FollowEvent::SlotLeft {
            slot,
            writer,
            keeps_from,
        } => format!(
            "  slot {slot} stays on the {writer} for the next run with this checkpoint, and keeps the write-ahead log from \
             {keeps_from} on; `--continuous --forget` drops it"
        ),
        FollowEvent::Ended {
            equal,
            judged,
            tables,
            rows,
            different_rows,
            open_rows,
            could_not_run,
        } => {
            let verdict = verdict(*equal && *judged && could_not_run.is_empty(), *different_rows > 0);
            let mut text = format!(
                "{verdict}\n  rows     {tables} tables compared, {rows} rows on the source then; {different_rows} rows differ, \
                 {open_rows} to be checked again\n"
            );
            not_compared(&mut text, false, could_not_run);
            text.truncate(text.trim_end().len());
            return text;
        }
    };
    visible(&said)
}

const fn verdict(equal: bool, different: bool) -> &'static str {
    match (equal, different) {
        (_, true) => "DIFFERENT",
        (true, false) => "EQUAL",
        (false, false) => "NOT PROVEN",
    }
}

/// Tables with the same reason are one line: a server that went away is one event.
fn not_compared(text: &mut String, all: bool, tables: &[CouldNotRun]) {
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for table in tables {
        let group = groups.entry((&table.reason, &table.remedy)).or_default();
        group.push(&table.name);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|(_, one), (_, two)| one.cmp(two));
    for ((reason, remedy), names) in groups {
        for named in if all {
            names.chunks(1)
        } else {
            names.chunks(names.len())
        } {
            put(text, format_args!("  not compared: {}: {reason}", list(named)));
            put(text, format_args!("    remedy: {remedy}"));
        }
    }
}

/// A few names, and how many more there are.
fn list(names: &[&str]) -> String {
    let named: Vec<&str> = names.iter().take(NAMED).copied().collect();
    let others = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more (--all names them, and the report does)"),
    };
    format!("{}{others}", named.join(", "))
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn table_lines(text: &mut String, table: &TableResult) {
    put(
        text,
        format_args!(
            "  {}: {} rows on the source, {} on the target, {}{} differ",
            table.name,
            table.rows_source,
            table.rows_target,
            if table.truncated { "at least " } else { "" },
            table.different_rows
        ),
    );
    for difference in table.differences.iter().take(SHOWN) {
        text.push_str("    ");
        text.push_str(&line(difference));
        text.push('\n');
    }
    if table.differences.len() > SHOWN {
        put(
            text,
            format_args!(
                "    and {} more; --json and --html list them",
                table.differences.len() - SHOWN
            ),
        );
    }
}

/// NULL is distinct from the text NULL, and an empty text is visible; line breaks are escaped.
fn key_value(value: Option<&Shown>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(Shown::Long { .. }) => shown(value),
        Some(Shown::Whole(text)) if text.is_empty() || text == "NULL" || text.contains(char::is_control) => {
            format!("{text:?}")
        }
        Some(Shown::Whole(text)) => text.to_owned(),
    }
}

/// A value in quotes; of a long one its beginning, length and hash.
fn shown(value: Option<&Shown>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(Shown::Whole(text)) => format!("{text:?}"),
        Some(Shown::Long { head, bytes, sha256 }) => format!("{head:?}… ({bytes} bytes, SHA-256 {sha256})"),
    }
}

fn line(difference: &Difference) -> String {
    let key: Vec<String> = difference
        .key
        .iter()
        .map(|(column, value)| format!("{column} = {}", key_value(value.as_ref())))
        .collect();
    let times = if difference.count > 1 {
        format!(" ({} times)", difference.count)
    } else {
        String::new()
    };
    let what = match difference.kind {
        Kind::MissingOnTarget => "missing on the target".to_owned(),
        Kind::ExtraOnTarget => "extra on the target".to_owned(),
        Kind::Different => format!("different in {}", difference.columns.join(", ")),
    };
    let mut line = visible(&format!("{}: {what}{times}", key.join(", ")));
    if let (Some(source), Some(target)) = (&difference.source, &difference.target) {
        for column in &difference.columns {
            let value =
                |side: &BTreeMap<String, Option<Shown>>| shown(side.get(column).and_then(Option::as_ref));
            let _ = write!(
                line,
                "\n      {}: {} -> {}",
                visible(column),
                value(source),
                value(target)
            );
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use crossover_verify::Cause;

    use super::*;

    #[test]
    fn a_key_that_could_be_confused_with_another_is_quoted() {
        let shown = [None, Some("NULL"), Some(""), Some("a\nb"), Some("7")];
        let shown = shown.map(|text| key_value(text.map(|text| Shown::of(text.to_owned())).as_ref()));
        assert_eq!(shown, ["NULL", "\"NULL\"", "\"\"", "\"a\\nb\"", "7"]);
    }

    #[test]
    fn tables_that_one_event_left_out_are_one_line() {
        let gone = |name: String, reason: &str| CouldNotRun {
            name,
            reason: reason.to_owned(),
            remedy: "start it".to_owned(),
            cause: Cause::Unreachable,
        };
        let mut tables: Vec<_> = (1..=300)
            .map(|n| gone(format!("s.t{n:03}"), "the source is away"))
            .collect();
        tables.push(gone("schema".to_owned(), "the target is away"));
        let lines = |all| {
            let mut text = String::new();
            not_compared(&mut text, all, &tables);
            text
        };
        assert_eq!(
            lines(false),
            "  not compared: s.t001, s.t002, s.t003 and 297 more (--all names them, and the report does): the source is away\n    \
             remedy: start it\n  not compared: schema: the target is away\n    remedy: start it\n"
        );
        assert_eq!(lines(true).lines().count(), 602);
    }

    #[test]
    fn findings_of_one_cause_are_one_line_with_a_count() {
        let tables: Vec<String> = (1..=123).map(|n| format!("s.t{n}")).collect();
        let found = |tables: &[String]| {
            let one = |table: &String| {
                (
                    Severity::Warning,
                    table.clone(),
                    format!("table {table}: has no key"),
                )
            };
            tables.iter().map(one).collect::<Vec<_>>()
        };
        let lines = |all| {
            let mut text = String::new();
            let found = found(&tables);
            let found = found
                .iter()
                .map(|(w, t, d)| (*w, t.as_str(), "has no key", "add one", d.as_str()));
            findings(&mut text, all, found.collect());
            text
        };
        assert_eq!(
            lines(false),
            "  warning: 123 tables, each has no key; add one: s.t1, s.t2, s.t3 and 120 more (--all names them, and the report does)\n"
        );
        assert_eq!(lines(true).lines().count(), 123);
        assert!(lines(true).contains("  warning: table s.t77: has no key; add one\n"));
    }
}
