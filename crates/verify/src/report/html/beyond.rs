//! What is beyond rows: the schema, sequences, tables without key, statistics.

use std::fmt::Write as _;

use crossover_core::schema::{SequencePair, Severity};
use crossover_page::{escape, name, number::signed, section};

use super::{folded, many, with_rest};
use crate::Report;

/// Sequences with nothing to do that are listed without a click.
const OPEN: usize = 20;

pub(super) fn sections(report: &Report) -> String {
    let mut html = schema(report);
    html.push_str(&sequences(report));
    html.push_str(&findings_section(
        "Tables without a primary key",
        report
            .primary_keys
            .iter()
            .map(|k| (k.severity, k.detail.as_str(), k.remedy.as_str())),
    ));
    html.push_str(&findings_section(
        "Statistics of the target",
        report
            .statistics
            .iter()
            .map(|s| (s.severity, s.detail.as_str(), s.remedy.as_str())),
    ));
    html
}

fn schema(report: &Report) -> String {
    let mut html = String::new();
    for (severity, title) in [(Severity::Error, "Errors"), (Severity::Warning, "Warnings")] {
        let of_weight: Vec<_> = report
            .schema_differences
            .iter()
            .filter(|d| d.severity == severity)
            .map(|d| finding(severity, &d.detail, &d.remedy))
            .collect();
        if !of_weight.is_empty() {
            let _ = write!(html, "<h3>{title} <small>{}</small></h3>", of_weight.len());
            html.push_str(&findings(&of_weight));
        }
    }
    section("The schema", "", &html)
}

fn finding(severity: Severity, detail: &str, remedy: &str) -> String {
    let class = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!(
        r#"<li class="{class}">{}<span class="remedy">{}</span></li>"#,
        escape(detail),
        escape(remedy)
    )
}

fn findings(lines: &[String]) -> String {
    with_rest(lines, "findings", |lines| {
        format!(r#"<ul class="findings">{lines}</ul>"#)
    })
}

fn findings_section<'a>(title: &str, found: impl Iterator<Item = (Severity, &'a str, &'a str)>) -> String {
    let lines: Vec<String> = found
        .map(|(severity, detail, remedy)| finding(severity, detail, remedy))
        .collect();
    section(title, "", &findings(&lines))
}

fn sequences(report: &Report) -> String {
    let (to_do, fine): (Vec<&SequencePair>, Vec<_>) =
        report.sequences.iter().partition(|s| s.severity.is_some());
    let rows = |sequences: &[&SequencePair]| -> String { sequences.iter().map(|s| sequence(s)).collect() };
    let content = if report.sequences.is_empty() {
        String::new()
    } else if fine.len() <= OPEN {
        list(&(rows(&to_do) + &rows(&fine)))
    } else {
        let first = if to_do.is_empty() {
            String::new()
        } else {
            list(&rows(&to_do))
        };
        let summary = format!(
            "{} nothing to mend",
            many(fine.len() as u64, "sequence with", "sequences with")
        );
        first + &folded(false, &summary, &list(&rows(&fine)))
    };
    let note = "The side that is written to must go on beyond every number the other has given out.";
    section("Sequences", note, &content)
}

fn list(rows: &str) -> String {
    format!(
        r#"<div class="scroll"><table><thead><tr><th>Sequence</th><th class="n">Source</th><th class="n">Target</th><th class="after">State</th></tr></thead><tbody>{rows}</tbody></table></div>"#
    )
}

fn sequence(pair: &SequencePair) -> String {
    let place = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), signed);
    let remedy = pair
        .remedy
        .as_ref()
        .map(|r| format!(r#"<span class="remedy">{}</span>"#, escape(r)))
        .unwrap_or_default();
    let class = match pair.severity {
        Some(Severity::Error) => "bad",
        Some(Severity::Warning) => "fair",
        None => "good",
    };
    format!(
        r#"<tr><td class="name">{}</td><td class="n">{}</td><td class="n">{}</td><td class="after"><span class="{class}">{}</span>{remedy}</td></tr>"#,
        name(&pair.sequence),
        place(pair.source),
        place(pair.target),
        escape(said(pair))
    )
}

/// The detail without the name and the positions, which have columns of their own.
fn said(pair: &SequencePair) -> &str {
    let detail = pair
        .detail
        .strip_prefix(&format!("sequence {}: ", pair.sequence))
        .unwrap_or(&pair.detail);
    detail.rsplit_once(" (").map_or(detail, |(said, _)| said)
}
