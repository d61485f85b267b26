//! The rows that differ, table by table.

use crossover_verify::{
    Report,
    rows::{Difference, Kind, TableResult},
};
use maud::{Markup, html};

use super::{many, value};
use crate::{
    number::count,
    page::{self, folded, name, with_rest},
};

/// The most different tables that are shown unfolded; with more tables the reader opens one.
const OPEN: usize = 10;

/// The anchor of a table's differences on the page.
pub(super) fn anchor(place: usize) -> String {
    format!("table-{place}")
}

pub(super) fn section(report: &Report) -> Markup {
    let different: Vec<(usize, &TableResult)> = report
        .tables
        .iter()
        .enumerate()
        .filter(|(_, table)| !table.equal)
        .collect();
    let open = different.len() <= OPEN;
    let content = html! {
        @for (place, table) in &different {
            @let summary = html! { b { (name(&table.name)) } " " span { (summary_text(table)) } };
            div.table id=(anchor(*place)) { (folded(open, &summary, &rows(table))) }
        }
    };
    let with_values = different
        .iter()
        .flat_map(|(_, table)| &table.differences)
        .any(|d| d.source.is_some() || d.target.is_some());
    let note = if with_values {
        "For rows on both sides: the columns that differ, source first. For other rows: the whole row."
    } else {
        "Keys and column names only: values are shown on request."
    };
    page::section("Rows that differ", note, &content)
}

/// `2 missing on the target, 1 different`, and how many are not listed.
fn summary_text(table: &TableResult) -> String {
    let named = |kind: Kind| -> u64 {
        table
            .differences
            .iter()
            .filter(|d| d.kind == kind)
            .map(|d| d.count)
            .sum()
    };
    let kinds = [Kind::MissingOnTarget, Kind::ExtraOnTarget, Kind::Different];
    let mut parts: Vec<String> = kinds
        .into_iter()
        .filter(|kind| named(*kind) > 0)
        .map(|kind| format!("{} {}", count(named(kind)), label(kind)))
        .collect();
    let listed: u64 = table.differences.iter().map(|d| d.count).sum();
    if table.different_rows > listed {
        let rest = many(table.different_rows - listed, "row", "rows");
        parts.push(if table.differences.is_empty() {
            format!("{rest} more on one side than on the other")
        } else {
            format!("{rest} not listed")
        });
    }
    if table.truncated {
        parts.push("and further rows that were not examined".to_owned());
    }
    parts.join(", ")
}

const fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::MissingOnTarget => "missing on the target",
        Kind::ExtraOnTarget => "extra on the target",
        Kind::Different => "different",
    }
}

fn rows(table: &TableResult) -> Markup {
    let lines: Vec<Markup> = table.differences.iter().map(|d| row(d, &table.key)).collect();
    let key = if table.key.is_empty() { "Row" } else { "Key" };
    let head = html! {
        tr {
            th { (key) }
            th { "What" }
            th { "Columns" }
        }
    };
    with_rest(&lines, "rows", |rows| page::table(Some("rows"), &head, rows))
}

fn row(difference: &Difference, key: &[String]) -> Markup {
    let class = match difference.kind {
        Kind::MissingOnTarget => "missing",
        Kind::ExtraOnTarget => "extra",
        Kind::Different => "changed",
    };
    html! {
        tr {
            td.keys { (value::pairs(&difference.key, key)) }
            td {
                span.kind.(class) { (label(difference.kind)) }
                @if difference.count > 1 { " " small { "× " (count(difference.count)) } }
            }
            td { (columns(difference, key)) }
        }
    }
}

fn columns(difference: &Difference, key: &[String]) -> Markup {
    match (&difference.source, &difference.target) {
        (Some(source), Some(target)) if difference.kind == Kind::Different => html! {
            @for column in &difference.columns {
                div.pair {
                    span { (name(column)) }
                    del { (value::text(source.get(column))) }
                    ins { (value::text(target.get(column))) }
                }
            }
        },
        (Some(row), _) | (_, Some(row)) => folded(
            false,
            &html! { (many(row.len() as u64, "value", "values")) },
            &html! { div.whole { (value::pairs(row, key)) } },
        ),
        (None, None) => html! { (difference.columns.join(", ")) },
    }
}
