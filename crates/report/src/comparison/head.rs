//! The top of the page: the verdict in one sentence, how it was reached, and its figures.

use crossover_core::{UnixMillis, schema::Severity};
use crossover_verify::Report;
use maud::{Markup, html};

use super::many;
use crate::{
    number::{count, duration},
    page::{self, Figure, State, header},
};

/// Numbers of differences and unknown items.
struct Found {
    rows: u64,
    at_least: bool,
    tables: u64,
    schema_errors: u64,
    warnings: u64,
    only_counted: bool,
}

fn found(report: &Report) -> Found {
    let different = report.tables.iter().filter(|t| !t.equal);
    let sequences = report.sequences.iter().filter_map(|s| s.severity);
    let weights = report
        .schema_differences
        .iter()
        .map(|d| d.severity)
        .chain(sequences);
    let schema_errors = weights.clone().filter(|s| *s == Severity::Error).count();
    let others = report
        .primary_keys
        .iter()
        .map(|k| k.severity)
        .chain(report.statistics.iter().map(|s| s.severity));
    let warnings = weights.filter(|s| *s == Severity::Warning).count() + others.count();
    Found {
        rows: different.clone().map(|t| t.different_rows).sum(),
        at_least: different.clone().any(|t| t.truncated),
        tables: different.count() as u64,
        schema_errors: schema_errors as u64,
        warnings: warnings as u64,
        only_counted: report.tables.iter().any(|t| t.method == "count"),
    }
}

/// The verdict as one word.
pub(super) fn word(report: &Report) -> &'static str {
    if report.is_different() {
        "Different"
    } else if report.could_not_run.is_empty() {
        "Equal"
    } else {
        "Not proven"
    }
}

pub(super) fn section(report: &Report) -> Markup {
    let found = found(report);
    let (state, sign) = match word(report) {
        "Different" => (State::Bad, '✕'),
        "Not proven" => (State::Fair, '?'),
        _ if found.warnings > 0 || found.only_counted => (State::Fair, '!'),
        _ => (State::Good, '✓'),
    };
    let mut about = vec!["Crossover verify".to_owned()];
    if let Some((source, target)) = &report.databases {
        about.push(format!("{source} → {target}"));
    }
    about.push(time(report.began_ms));
    html! {
        (header(state, sign, &about.join(" · "), &headline(report, &found), &lead(report, &found)))
        (figures(report, &found))
    }
}

/// `2026-03-01 09:30:00 UTC`.
fn time(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.0.cast_signed())
        .map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

fn headline(report: &Report, found: &Found) -> String {
    let tables = report.tables.len() as u64;
    let unknown = match report.could_not_run.len() as u64 {
        0 => String::new(),
        n => format!(" {} not compared.", many(n, "item was", "items were")),
    };
    match word(report) {
        "Different" => {
            let at_least = if found.at_least { "at least " } else { "" };
            let rows = many(found.rows, "row", "rows");
            let of_tables = many(found.tables, "table", "tables");
            let objects = many(
                found.schema_errors,
                "object of the schema",
                "objects of the schema",
            );
            match (found.tables, found.schema_errors) {
                (0, 0) => format!("Different: columns that only one side has.{unknown}"),
                (0, _) => format!("Different: {objects}.{unknown}"),
                (_, 0) => format!("Different: {at_least}{rows} in {of_tables}.{unknown}"),
                _ => format!("Different: {at_least}{rows} in {of_tables}, and {objects}.{unknown}"),
            }
        }
        "Not proven" => format!("Not proven.{unknown}"),
        _ if tables == 0 => "Equal, but without any table.".to_owned(),
        _ if found.only_counted => {
            format!(
                "{} of equal size. Rows were counted, not compared.",
                many(tables, "table", "tables")
            )
        }
        _ => format!(
            "Equal. Every row of {} is the same on both sides.",
            many(tables, "table", "tables")
        ),
    }
}

fn lead(report: &Report, found: &Found) -> String {
    let rows: u64 = report.tables.iter().map(|t| t.rows_source).sum();
    let verb = if found.only_counted { "counted" } else { "compared" };
    let mut sentences = vec![format!(
        "{} of the source {verb} in {}.",
        many(rows, "row", "rows"),
        duration(report.elapsed_ms)
    )];
    if let Some(condition) = &report.condition {
        sentences.push(format!("Only rows that meet this condition: {condition}"));
    }
    if report.fingerprints.is_none() && !report.could_not_run.iter().any(|c| c.name == "schema") {
        sentences.push("The schema was not compared.".to_owned());
    }
    sentences.extend(report.notes.iter().map(|note| format!("Note: {note}.")));
    sentences.join(" ")
}

fn figures(report: &Report, found: &Found) -> Markup {
    let equal = report.tables.iter().filter(|t| t.equal).count() as u64;
    let unknown = report.could_not_run.len() as u64;
    let neutral = |number: u64, name| Figure {
        text: count(number),
        name,
        bad: false,
    };
    let must_be_zero = |number: u64, name| Figure {
        bad: number > 0,
        ..neutral(number, name)
    };
    page::figures(&[
        neutral(equal, "tables equal"),
        must_be_zero(found.tables, "tables different"),
        Figure {
            text: format!("{}{}", if found.at_least { "≥ " } else { "" }, count(found.rows)),
            ..must_be_zero(found.rows, "rows different")
        },
        must_be_zero(found.schema_errors, "schema errors"),
        neutral(found.warnings, "warnings"),
        must_be_zero(unknown, "not compared"),
    ])
}
