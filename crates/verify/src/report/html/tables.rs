//! Every table that was compared, the different ones first.

use crossover_page::{
    escape, mark, name,
    number::{count, duration},
};

use super::{differences::anchor, folded, many};
use crate::{Report, rows::TableResult};

/// Equal tables that are listed without a click.
const OPEN: usize = 40;

pub(super) fn section(report: &Report) -> String {
    let (equal, different): (Vec<_>, Vec<_>) = report.tables.iter().enumerate().partition(|(_, t)| t.equal);
    let rows = |tables: &[(usize, &TableResult)]| -> String {
        tables.iter().map(|(place, table)| row(*place, table)).collect()
    };
    let content = if equal.len() <= OPEN {
        if report.tables.is_empty() {
            return String::new();
        }
        list(&(rows(&different) + &rows(&equal)))
    } else {
        let different = if different.is_empty() {
            String::new()
        } else {
            list(&rows(&different))
        };
        let summary = many(equal.len() as u64, "equal table", "equal tables");
        different + &folded(false, &summary, &list(&rows(&equal)))
    };
    let note = format!(
        "{} of {} equal.",
        count(equal.len() as u64),
        count(report.tables.len() as u64)
    );
    crossover_page::section("Tables", &note, &content)
}

fn list(rows: &str) -> String {
    format!(
        r#"<div class="scroll"><table><thead><tr><th>Table</th><th class="n">Source rows</th><th class="n">Target rows</th><th>Rows</th><th>Key</th><th>Method</th><th class="n">Looked at again</th><th class="n">Time</th></tr></thead><tbody>{rows}</tbody></table></div>"#
    )
}

fn row(place: usize, table: &TableResult) -> String {
    let title = if table.equal {
        name(&table.name)
    } else {
        format!(r##"<a href="#{}">{}</a>"##, anchor(place), name(&table.name))
    };
    let key = match (table.key.is_empty(), table.method) {
        (true, "count") => "–".to_owned(),
        (true, _) => "whole row".to_owned(),
        (false, _) => name(&table.key.join(", ")),
    };
    format!(
        r#"<tr><td class="name">{title}</td><td class="n">{}</td><td class="n">{}</td>{}<td class="name">{key}</td><td class="word">{}</td><td class="n">{}</td><td class="n">{}</td></tr>"#,
        count(table.rows_source),
        count(table.rows_target),
        mark(table.equal, "equal", "differs"),
        escape(table.method),
        count(table.rechecked),
        duration(table.elapsed_ms as f64)
    )
}
