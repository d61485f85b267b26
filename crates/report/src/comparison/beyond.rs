//! The sections about objects other than rows: the schema, sequences, tables without key, statistics.

use crossover_core::schema::{NotCompared, SequencePair, Severity};
use crossover_verify::Report;
use maud::{Markup, html};

use super::many;
use crate::{
    number::signed,
    page::{folded, joined, name, section, table, with_rest},
};

/// The most correct sequences that are listed unfolded.
const OPEN: usize = 20;

pub(super) fn sections(report: &Report) -> Markup {
    let keys = report.primary_keys.iter();
    let statistics = report.statistics.iter();
    html! {
        (schema(report))
        (sequences(report))
        (findings_section(
            "Tables without a primary key",
            &keys.map(|k| finding(k.severity, &k.detail, &k.remedy)).collect::<Vec<_>>(),
        ))
        (findings_section(
            "Statistics of the target",
            &statistics.map(|s| finding(s.severity, &s.detail, &s.remedy)).collect::<Vec<_>>(),
        ))
        (findings_section("Not compared", &report.not_compared.iter().map(unread).collect::<Vec<_>>()))
    }
}

fn schema(report: &Report) -> Markup {
    let of = |severity| -> Vec<Markup> {
        report
            .schema_differences
            .iter()
            .filter(|d| d.severity == severity)
            .map(|d| {
                finding(
                    severity,
                    &format!("{} (breaks {})", d.detail, d.breaks),
                    &d.remedy,
                )
            })
            .collect()
    };
    let content = html! {
        @for (severity, title) in [(Severity::Error, "Errors"), (Severity::Warning, "Warnings")] {
            @let found = of(severity);
            @if !found.is_empty() {
                h3 { (title) " " small { (found.len()) } }
                (findings(&found))
            }
        }
    };
    section("The schema", "", &content)
}

fn finding(severity: Severity, detail: &str, remedy: &str) -> Markup {
    let class = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    html! {
        li class=(class) { (detail) span.remedy { (remedy) } }
    }
}

fn unread(what: &NotCompared) -> Markup {
    html! {
        li { (what) span.remedy { (what.remedy) } }
    }
}

fn findings(lines: &[Markup]) -> Markup {
    with_rest(lines, "findings", |lines| html! { ul.findings { (lines) } })
}

fn findings_section(title: &str, found: &[Markup]) -> Markup {
    section(title, "", &findings(found))
}

fn sequences(report: &Report) -> Markup {
    let (to_do, fine): (Vec<&SequencePair>, Vec<_>) =
        report.sequences.iter().partition(|s| s.severity.is_some());
    let rows =
        |sequences: &[&SequencePair]| -> Vec<Markup> { sequences.iter().map(|s| sequence(s)).collect() };
    let (to_do, fine) = (rows(&to_do), rows(&fine));
    let content = html! {
        @if fine.len() > OPEN {
            @if !to_do.is_empty() { (list(&to_do)) }
            @let what = many(fine.len() as u64, "sequence with", "sequences with");
            (folded(false, &html! { (what) " nothing to correct" }, &list(&fine)))
        } @else if !report.sequences.is_empty() {
            (list(&[to_do, fine].concat()))
        }
    };
    let note = "The sequence of the writer must be ahead of every number that the other side has issued.";
    section("Sequences", note, &content)
}

fn list(rows: &[Markup]) -> Markup {
    let head = html! {
        tr {
            th { "Sequence" }
            th.n { "Source" }
            th.n { "Target" }
            th.after { "State" }
        }
    };
    table(None, &head, &joined(rows))
}

fn sequence(pair: &SequencePair) -> Markup {
    let place = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), signed);
    let class = match pair.severity {
        Some(Severity::Error) => "bad",
        Some(Severity::Warning) => "fair",
        None => "good",
    };
    html! {
        tr {
            td.name { (name(&pair.sequence)) }
            td.n { (place(pair.source)) }
            td.n { (place(pair.target)) }
            td.after {
                span class=(class) { (detail_text(pair)) }
                @if let Some(remedy) = &pair.remedy { span.remedy { (remedy) } }
            }
        }
    }
}

/// The detail without the name and the positions, which have separate columns.
fn detail_text(pair: &SequencePair) -> &str {
    let detail = pair
        .detail
        .strip_prefix(&format!("sequence {}: ", pair.sequence))
        .unwrap_or(&pair.detail);
    detail
        .rsplit_once(" (")
        .map_or(detail, |(detail_text, _)| detail_text)
}
