//! Each row that differs, table by table.

use std::fmt::Write as _;

use crossover_page::{escape, name, number::count};

use super::{folded, many, value, with_rest};
use crate::{
    Report,
    rows::{Difference, Kind, TableResult},
};

/// So many different tables are shown open; of more, the reader picks.
const OPEN: usize = 10;

/// Where a table's differences are on the page.
pub(super) fn anchor(place: usize) -> String {
    format!("table-{place}")
}

pub(super) fn section(report: &Report) -> String {
    let different: Vec<(usize, &TableResult)> = report
        .tables
        .iter()
        .enumerate()
        .filter(|(_, table)| !table.equal)
        .collect();
    let open = different.len() <= OPEN;
    let html = different.iter().fold(String::new(), |mut html, (place, table)| {
        let summary = format!("<b>{}</b> <span>{}</span>", name(&table.name), said(table));
        let _ = write!(
            html,
            r#"<div class="table" id="{}">{}</div>"#,
            anchor(*place),
            folded(open, &summary, &rows(table))
        );
        html
    });
    let with_values = different
        .iter()
        .flat_map(|(_, table)| &table.differences)
        .any(|d| d.source.is_some() || d.target.is_some());
    let note = if with_values {
        "Of rows on both sides the columns that differ, source first; of others the whole row."
    } else {
        "Keys and names of columns only; --show-values adds the values."
    };
    crossover_page::section("Rows that differ", note, &html)
}

/// `2 missing on the target, 1 different`, and how many are not listed.
fn said(table: &TableResult) -> String {
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
        .map(|kind| format!("{} {}", count(named(kind)), words(kind)))
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
        parts.push("and more that were not looked at".to_owned());
    }
    parts.join(", ")
}

const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::MissingOnTarget => "missing on the target",
        Kind::ExtraOnTarget => "extra on the target",
        Kind::Different => "different",
    }
}

fn rows(table: &TableResult) -> String {
    let lines: Vec<String> = table.differences.iter().map(|d| row(d, &table.key)).collect();
    let key = if table.key.is_empty() { "Row" } else { "Key" };
    with_rest(&lines, "rows", |rows| {
        format!(
            r#"<div class="scroll"><table class="rows"><thead><tr><th>{key}</th><th>What</th><th>Columns</th></tr></thead><tbody>{rows}</tbody></table></div>"#
        )
    })
}

fn row(difference: &Difference, key: &[String]) -> String {
    let times = if difference.count > 1 {
        format!(" <small>× {}</small>", count(difference.count))
    } else {
        String::new()
    };
    let class = match difference.kind {
        Kind::MissingOnTarget => "missing",
        Kind::ExtraOnTarget => "extra",
        Kind::Different => "changed",
    };
    format!(
        r#"<tr><td class="keys">{}</td><td><span class="kind {class}">{}</span>{times}</td><td>{}</td></tr>"#,
        value::pairs(&difference.key, key),
        words(difference.kind),
        columns(difference, key)
    )
}

fn columns(difference: &Difference, key: &[String]) -> String {
    match (&difference.source, &difference.target) {
        (Some(source), Some(target)) if difference.kind == Kind::Different => {
            difference.columns.iter().fold(String::new(), |mut html, column| {
                let _ = write!(
                    html,
                    r#"<div class="pair"><span>{}</span><del>{}</del><ins>{}</ins></div>"#,
                    name(column),
                    value::text(source.get(column)),
                    value::text(target.get(column))
                );
                html
            })
        }
        (Some(row), _) | (_, Some(row)) => folded(
            false,
            &many(row.len() as u64, "value", "values"),
            &format!(r#"<div class="whole">{}</div>"#, value::pairs(row, key)),
        ),
        (None, None) => escape(&difference.columns.join(", ")),
    }
}
