//! What the verdict rests on: tables, sequences, the ledger, stray writers, the parts, and what was not real.

use std::fmt::Write as _;

use crossover_page::{
    escape, items, mark, name,
    number::{count, signed},
    section,
};
use uuid::Uuid;

use crate::report::Report;

pub(super) fn sections(report: &Report) -> String {
    let mut html = plan(report);
    html.push_str(&tables(report));
    html.push_str(&sequences(report));
    html.push_str(&ledger(report));
    html.push_str(&stray(report));
    html.push_str(&errors(report));
    html.push_str(&parts(report));
    let not_real = items(report.not_real.iter().map(|line| escape(line)));
    if !not_real.is_empty() {
        html.push_str(&section(
            "What was not real",
            "",
            &format!(r#"<ul class="plain">{not_real}</ul>"#),
        ));
    }
    html.push_str(DEFINITIONS);
    html
}

const DEFINITIONS: &str = r"<footer><p><b>Added wait.</b> Of every write due between the moment the edge began to hold and the answer to the last held write (and of held writes due just before): its latency from its scheduled time, less the median latency of undisturbed writes.</p><p><b>Acknowledged.</b> Answered with success, and the token synced to the client's disk. <b>Lost.</b> Acknowledged, and not on the side in charge. <b>Duplicated.</b> There more than once.</p></footer>";

fn plan(report: &Report) -> String {
    let steps = items(report.plan.iter().map(|step| escape(step)));
    if steps.is_empty() {
        String::new()
    } else {
        section("The plan", "", &format!(r#"<ol class="plan">{steps}</ol>"#))
    }
}

fn table(header: [&str; 4], rows: &str) -> String {
    let [name, source, target, state] = header;
    format!(
        r#"<div class="scroll"><table><thead><tr><th>{name}</th><th class="n">{source}</th><th class="n">{target}</th><th>{state}</th></tr></thead><tbody>{rows}</tbody></table></div>"#
    )
}

fn rows_of(rows: Option<u64>) -> String {
    rows.map_or_else(|| "–".to_owned(), count)
}

fn tables(report: &Report) -> String {
    let mut rows = String::new();
    for row in &report.tables {
        let _ = write!(
            rows,
            r#"<tr><td class="name">{}</td><td class="n">{}</td><td class="n">{}</td>{}</tr>"#,
            name(&row.name),
            rows_of(row.rows_source),
            rows_of(row.rows_target),
            mark(
                row.equal,
                "equal",
                if row.not_compared.is_some() {
                    "not compared"
                } else {
                    "differs"
                }
            )
        );
    }
    if rows.is_empty() {
        return String::new();
    }
    let equal = report.tables.iter().filter(|row| row.equal).count();
    let note = format!("{equal} of {} equal, compared row by row.", report.tables.len());
    section(
        "Tables",
        &note,
        &table(["Table", "Source rows", "Target rows", "Rows"], &rows),
    )
}

fn sequences(report: &Report) -> String {
    let value = |value: Option<i64>| value.map_or_else(|| "unused".into(), signed);
    let mut rows = String::new();
    for row in &report.sequences {
        let _ = write!(
            rows,
            r#"<tr><td class="name">{}</td><td class="n">{}</td><td class="n">{}</td>{}</tr>"#,
            name(&row.name),
            value(row.source),
            value(row.target),
            mark(row.ahead, "ahead", "behind")
        );
    }
    if rows.is_empty() {
        return String::new();
    }
    let note = "The side in charge must go on beyond every number the other has given out.";
    section(
        "Sequences",
        note,
        &table(["Sequence", "Source", "Target", "State"], &rows),
    )
}

fn facts(lines: &[(&str, u64, bool)]) -> String {
    let mut html = String::new();
    for (name, number, must_be_zero) in lines {
        let class = if *must_be_zero && *number > 0 { "bad" } else { "" };
        let _ = write!(
            html,
            r#"<div class="{class}"><dt>{name}</dt><dd>{}</dd></div>"#,
            count(*number)
        );
    }
    format!(r#"<dl class="facts">{html}</dl>"#)
}

fn ledger(report: &Report) -> String {
    let Some(ledger) = &report.ledger else {
        return String::new();
    };
    let mut html = facts(&[
        ("Acknowledged to clients", ledger.acknowledged, false),
        ("Present on the side in charge", ledger.present, false),
        ("Lost", ledger.lost, true),
        ("Duplicated", ledger.duplicated, true),
        ("Arrived in part", ledger.torn, true),
        ("Only on the other side", ledger.only_on_other_side, true),
        (
            "Present, answer never arrived",
            ledger.unacknowledged_present,
            false,
        ),
    ]);
    let named = [
        ("Lost", &ledger.lost_tokens),
        ("Duplicated", &ledger.duplicated_tokens),
        ("Only on the other side", &ledger.only_on_other_side_tokens),
    ];
    for (name, tokens) in named {
        html.push_str(&token_list(name, tokens));
    }
    section(
        "The ledger",
        "What clients were promised, against what the databases hold.",
        &html,
    )
}

fn token_list(name: &str, tokens: &[Uuid]) -> String {
    if tokens.is_empty() {
        return String::new();
    }
    let items = items(tokens.iter().map(|token| format!("<code>{token}</code>")));
    format!(
        r#"<h3>{name}, the first {}</h3><ul class="tokens">{items}</ul>"#,
        tokens.len()
    )
}

fn stray(report: &Report) -> String {
    let Some(stray) = report.stray else {
        return String::new();
    };
    let html = facts(&[
        ("Sent", stray.total, false),
        ("Taken by the source", stray.acknowledged, false),
        ("Refused by the source", stray.refused, false),
        ("Outcome unknown", stray.unknown, false),
    ]);
    let note = "These went straight to the source, past the edge, as an isolate with a stale record would send them. \
                Once the source is locked it has to refuse them; those it took before are in the ledger.";
    section("Stray writers", note, &html)
}

fn errors(report: &Report) -> String {
    let items = items(
        report
            .error_texts
            .iter()
            .map(|text| format!("<code>{}</code>", escape(text))),
    );
    if items.is_empty() {
        return String::new();
    }
    section(
        "What clients saw",
        "The first errors, as they came.",
        &format!(r#"<ul class="tokens">{items}</ul>"#),
    )
}

fn parts(report: &Report) -> String {
    let mut html = String::new();
    for (name, version) in &report.parts {
        let _ = write!(
            html,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(name),
            escape(version)
        );
    }
    let run = &report.run;
    if run.writes_per_s > 0 {
        let load = format!(
            "{} writes/s, {} reads/s, {} clients",
            run.writes_per_s, run.reads_per_s, run.clients
        );
        let _ = write!(html, "<div><dt>Load</dt><dd>{load}</dd></div>");
    }
    if !run.version.is_empty() {
        let _ = write!(
            html,
            "<div><dt>Crossover</dt><dd>{}</dd></div>",
            escape(&run.version)
        );
    }
    if html.is_empty() {
        html
    } else {
        section("Parts", "", &format!(r#"<dl class="facts">{html}</dl>"#))
    }
}
