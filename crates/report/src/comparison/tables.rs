//! Every table that was compared, the different ones first.

use crossover_verify::{Report, rows::TableResult};
use maud::{Markup, html};

use super::{differences::anchor, many};
use crate::{
    number::{count, duration},
    page::{folded, joined, mark, name, section as titled, table},
};

/// The most equal tables that are listed unfolded.
const OPEN: usize = 40;

pub(super) fn section(report: &Report) -> Markup {
    let (equal, different): (Vec<_>, Vec<_>) = report.tables.iter().enumerate().partition(|(_, t)| t.equal);
    let rows = |tables: &[(usize, &TableResult)]| -> Vec<Markup> {
        tables.iter().map(|(place, table)| row(*place, table)).collect()
    };
    let (equal, different) = (rows(&equal), rows(&different));
    let note = format!(
        "{} of {} equal.",
        count(equal.len() as u64),
        count(report.tables.len() as u64)
    );
    let content = html! {
        @if equal.len() > OPEN {
            @if !different.is_empty() { (list(&different)) }
            @let summary = many(equal.len() as u64, "equal table", "equal tables");
            (folded(false, &html! { (summary) }, &list(&equal)))
        } @else if !report.tables.is_empty() {
            (list(&[different, equal].concat()))
        }
    };
    titled("Tables", &note, &content)
}

fn list(rows: &[Markup]) -> Markup {
    let head = html! {
        tr {
            th { "Table" }
            th.n { "Source rows" }
            th.n { "Target rows" }
            th { "Rows" }
            th { "Key" }
            th { "Method" }
            th.n { "Compared again" }
            th.n { "Time" }
        }
    };
    table(None, &head, &joined(rows))
}

fn row(place: usize, table: &TableResult) -> Markup {
    html! {
        tr {
            td.name {
                @if table.equal {
                    (name(&table.name))
                } @else {
                    a href=(format!("#{}", anchor(place))) { (name(&table.name)) }
                }
            }
            td.n { (count(table.rows_source)) }
            td.n { (count(table.rows_target)) }
            (mark(table.equal, "equal", "differs"))
            td.name { (key(table)) }
            td.word { (table.method) }
            td.n { (count(table.rechecked)) }
            td.n { (duration(table.elapsed_ms)) }
        }
    }
}

fn key(table: &TableResult) -> Markup {
    html! {
        @match (table.key.is_empty(), table.method) {
            (true, "count") => "–",
            (true, _) => "whole row",
            (false, _) => (name(&table.key.join(", "))),
        }
    }
}
