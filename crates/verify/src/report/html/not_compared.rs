//! What nothing is known about: unknown is never equal, so it comes before what is known.

use crossover_page::{escape, name};

use super::with_rest;
use crate::Report;

pub(super) fn section(report: &Report) -> String {
    let lines: Vec<String> = report
        .could_not_run
        .iter()
        .map(|failed| {
            format!(
                r#"<li><b>{}</b>: {}<span class="remedy">{}</span></li>"#,
                name(&failed.name),
                escape(&failed.reason),
                escape(&failed.remedy)
            )
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    let list = with_rest(&lines, "not compared", |lines| {
        format!(r#"<ul class="findings">{lines}</ul>"#)
    });
    format!(r#"<section class="warnings"><h2>Not compared</h2>{list}</section>"#)
}
