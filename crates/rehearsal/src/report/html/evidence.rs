//! The evidence for the verdict: tables, sequences, the ledger, stray writers, the components, and those that
//! were replaced.

use crossover_report::{
    number::{count, signed},
    page::{self, bad_if, items, mark, name, section},
};
use maud::{Markup, html};
use uuid::Uuid;

use crate::report::{Creator, Report, ResourceRow};

pub(super) fn sections(report: &Report) -> Markup {
    html! {
        (plan(report))
        (tables(report))
        (sequences(report))
        (ledger(report))
        (stray(report))
        (errors(report))
        (parts(report))
        (resources(report))
        (not_real(report))
        (definitions())
    }
}

fn definitions() -> Markup {
    html! {
        footer {
            p {
                b { "Added wait." }
                " Of every write due between the start of the hold and the answer to the last held write (and of held \
                 writes due just before): its latency from its scheduled time, minus the median latency of undisturbed writes."
            }
            p {
                b { "Acknowledged." }
                " Answered with success, and the token was synced to the client's disk. "
                b { "Lost." }
                " Acknowledged, but missing on the side in charge. "
                b { "Duplicated." }
                " Present more than once."
            }
        }
    }
}

/// Who has created what: a line for each, with the types to open.
fn resources(report: &Report) -> Markup {
    let by = |creator: Creator| -> Vec<&ResourceRow> {
        report
            .resources
            .iter()
            .filter(|row| row.created_by == creator)
            .collect()
    };
    let content = html! {
        @for creator in [Creator::Terraform, Creator::Rehearsal] {
            @let rows = by(creator);
            @if !rows.is_empty() {
                @let all = rows.iter().map(|row| row.count as u64).sum();
                @let types = html! {
                    ul.plain { (items(rows.iter().map(|row| html! { (count(row.count as u64)) " " (name(&row.kind)) }))) }
                };
                (page::folded(false, &html! { (count(all)) " created by " (creator.name()) }, &types))
            }
        }
    };
    section(
        "Resources",
        "What the run took place on, and who has created it.",
        &content,
    )
}

fn not_real(report: &Report) -> Markup {
    let content = html! {
        @if !report.not_real.is_empty() { ul.plain { (items(&report.not_real)) } }
    };
    section("Replaced components", "", &content)
}

fn plan(report: &Report) -> Markup {
    let content = html! {
        @if !report.plan.is_empty() { ol.plan { (items(&report.plan)) } }
    };
    section("The plan", "", &content)
}

fn table(header: [&str; 4], rows: &Markup) -> Markup {
    let [name, source, target, state] = header;
    let head = html! {
        tr {
            th { (name) }
            th.n { (source) }
            th.n { (target) }
            th { (state) }
        }
    };
    page::table(None, &head, rows)
}

fn rows_of(rows: Option<u64>) -> String {
    rows.map_or_else(|| "–".to_owned(), count)
}

fn tables(report: &Report) -> Markup {
    if report.tables.is_empty() {
        return Markup::default();
    }
    let rows = html! {
        @for row in &report.tables {
            tr {
                td.name { (name(&row.name)) }
                td.n { (rows_of(row.rows_source)) }
                td.n { (rows_of(row.rows_target)) }
                (mark(row.equal, "equal", if row.not_compared.is_some() { "not compared" } else { "differs" }))
            }
        }
    };
    let equal = report.tables.iter().filter(|row| row.equal).count();
    let note = format!("{equal} of {} equal, compared row by row.", report.tables.len());
    section(
        "Tables",
        &note,
        &table(["Table", "Source rows", "Target rows", "Rows"], &rows),
    )
}

fn sequences(report: &Report) -> Markup {
    if report.sequences.is_empty() {
        return Markup::default();
    }
    let value = |value: Option<i64>| value.map_or_else(|| "unused".into(), signed);
    let rows = html! {
        @for row in &report.sequences {
            tr {
                td.name { (name(&row.name)) }
                td.n { (value(row.source)) }
                td.n { (value(row.target)) }
                (mark(row.ahead, "ahead", "behind"))
            }
        }
    };
    let note = "The next value on the side in charge must be beyond every value the other side has issued.";
    section(
        "Sequences",
        note,
        &table(["Sequence", "Source", "Target", "State"], &rows),
    )
}

fn facts(lines: &[(&str, u64, bool)]) -> Markup {
    html! {
        dl.facts {
            @for (name, number, must_be_zero) in lines {
                div class=(bad_if(*must_be_zero && *number > 0)) { dt { (name) } dd { (count(*number)) } }
            }
        }
    }
}

fn ledger(report: &Report) -> Markup {
    let Some(ledger) = &report.ledger else {
        return Markup::default();
    };
    let content = html! {
        (facts(&[
            ("Acknowledged to clients", ledger.acknowledged, false),
            ("Present on the side in charge", ledger.present, false),
            ("Lost", ledger.lost, true),
            ("Duplicated", ledger.duplicated, true),
            ("Replicated in part", ledger.torn, true),
            ("Only on the other side", ledger.only_on_other_side, true),
            ("Present, answer lost", ledger.unacknowledged_present, false),
        ]))
        (token_list("Lost", &ledger.lost_tokens))
        (token_list("Duplicated", &ledger.duplicated_tokens))
        (token_list("Only on the other side", &ledger.only_on_other_side_tokens))
    };
    section(
        "The ledger",
        "Writes acknowledged to clients, compared with the content of the databases.",
        &content,
    )
}

fn token_list(name: &str, tokens: &[Uuid]) -> Markup {
    html! {
        @if !tokens.is_empty() {
            h3 { (name) ", the first " (tokens.len()) }
            ul.tokens { (codes(tokens)) }
        }
    }
}

fn codes(texts: &[impl std::fmt::Display]) -> Markup {
    items(texts.iter().map(|text| html! { code { (text.to_string()) } }))
}

fn stray(report: &Report) -> Markup {
    let Some(stray) = report.stray else {
        return Markup::default();
    };
    let content = facts(&[
        ("Sent", stray.total, false),
        ("Accepted by the source", stray.acknowledged, false),
        ("Refused by the source", stray.refused, false),
        ("Outcome unknown", stray.unknown, false),
    ]);
    let note = "These writes bypassed the edge and went to the source, as an isolate with a stale record would send them. \
                After the lock the source has to refuse them; writes accepted before the lock are in the ledger.";
    section("Stray writers", note, &content)
}

fn errors(report: &Report) -> Markup {
    let content = html! {
        @if !report.error_texts.is_empty() { ul.tokens { (codes(&report.error_texts)) } }
    };
    section("Client errors", "The first errors, in their order.", &content)
}

fn parts(report: &Report) -> Markup {
    let run = &report.run;
    let fact = |name: &str, text: &str| html! { div { dt { (name) } dd { (text) } } };
    let facts = html! {
        @for (name, version) in &report.parts { (fact(name, version)) }
        @if run.writes_per_s > 0 {
            @let load = format!("{}; {} clients", report.load.in_words(run.writes_per_s), run.clients);
            (fact("Load", &load))
        }
        @if !run.version.is_empty() { (fact("Crossover", &run.version)) }
    };
    let content = html! {
        @if !facts.0.is_empty() { dl.facts { (facts) } }
    };
    section("Parts", "", &content)
}
