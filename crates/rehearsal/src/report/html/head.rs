//! The top of the page: the verdict in one sentence, the figures behind it, and whatever is wrong.

use std::fmt::Write as _;

use crossover_page::{
    escape, items,
    number::{count, duration},
};

use crate::report::{Outcome, Pause, Report};

pub(super) fn section(report: &Report) -> String {
    let (passed, warnings) = (report.passed(), report.warnings());
    let state = match (passed, warnings.is_empty()) {
        (false, _) => "bad",
        (true, false) => "fair",
        (true, true) => "good",
    };
    let sign = match state {
        "bad" => "✕",
        "fair" => "!",
        _ => "✓",
    };
    let run = &report.run;
    let eyebrow: Vec<String> = ["Crossover rehearsal", &run.data, &run.started_at, &run.id]
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| escape(text))
        .collect();
    let mut html = format!(
        r#"<header class="{state}"><p class="eyebrow">{}</p><h1><span class="sign" aria-hidden="true">{sign}</span><span>{}</span></h1><p class="lead">{}</p></header>"#,
        eyebrow.join(" · "),
        escape(&headline(report)),
        escape(&lead(report))
    );
    html.push_str(&figures(report));
    html.push_str(&list("problems", "Why it did not pass", &report.problems()));
    html.push_str(&list("warnings", "Worth a look", &warnings));
    html
}

fn headline(report: &Report) -> String {
    let word = report.outcome.word();
    let problems = report.problems();
    match problems.first() {
        Some(_) if report.outcome == Outcome::Failed => {
            format!(
                "{word}. {}",
                report
                    .failure
                    .as_deref()
                    .unwrap_or("Nobody knows which side is in charge.")
            )
        }
        // Not what was asked for, and still the safe end: the headline says so, the list below says why.
        Some(_) if report.outcome == Outcome::Aborted && report.data_problems().is_empty() => aborted(report),
        Some(first) => format!("{word}, but {first}."),
        None => match report.outcome {
            Outcome::Committed | Outcome::RolledBack => format!(
                "{word}. Every acknowledged write is on the {}, exactly once.",
                report.outcome.in_charge().unwrap_or("side in charge")
            ),
            Outcome::Aborted => aborted(report),
            Outcome::Planned => format!("{word}. Nothing was changed."),
            Outcome::Failed => format!("{word}."),
        },
    }
}

fn aborted(report: &Report) -> String {
    // Only a ledger that was compared can say that nothing was lost.
    let kept = if report.ledger.is_some() {
        ", and every acknowledged write is on it exactly once"
    } else {
        ""
    };
    format!("{}. The source serves on{kept}.", report.outcome.word())
}

fn lead(report: &Report) -> String {
    let mut sentences = Vec::new();
    for direction in &report.directions {
        if let Some(pause) = direction.pause_ms {
            sentences.push(format!(
                "The {} made writes wait {} longer at the median and {} at most.",
                direction.name,
                duration(pause.p50),
                duration(pause.max)
            ));
        }
    }
    if report.writes.acknowledged > 0 && report.writes.errors + report.reads.errors == 0 {
        sentences.push("No client saw an error.".into());
    }
    if report.run.duration_ms > 0 {
        sentences.push(format!(
            "The whole run took {}.",
            duration(report.run.duration_ms as f64)
        ));
    }
    sentences.join(" ")
}

fn figures(report: &Report) -> String {
    if report.outcome == Outcome::Planned {
        return String::new();
    }
    let zero = |number: u64| if number == 0 { "" } else { "bad" };
    let worst = report
        .directions
        .iter()
        .filter_map(|direction| direction.pause_ms)
        .chain(report.pause_ms)
        .reduce(|a, b| Pause {
            p50: a.p50.max(b.p50),
            p95: a.p95.max(b.p95),
            max: a.max.max(b.max),
        });
    let wait = |value: fn(Pause) -> f64| worst.map_or("–".into(), |pause| duration(value(pause)));
    let errors = report.writes.errors + report.reads.errors;
    let figures = [
        ("", count(report.writes.acknowledged), "acknowledged"),
        (zero(report.writes.lost), count(report.writes.lost), "lost"),
        (
            zero(report.writes.duplicated),
            count(report.writes.duplicated),
            "duplicated",
        ),
        (zero(errors), count(errors), "client errors"),
        ("", wait(|pause| pause.p95), "added wait, p95"),
        ("", wait(|pause| pause.max), "added wait, longest"),
    ];
    let mut html = String::new();
    for (class, figure, name) in figures {
        let _ = write!(
            html,
            r#"<div class="{class}"><b>{figure}</b><span>{name}</span></div>"#
        );
    }
    format!(r#"<div class="figures">{html}</div>"#)
}

fn list(class: &str, title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let items = items(lines.iter().map(|line| escape(line)));
    format!(r#"<section class="{class}"><h2>{title}</h2><ul>{items}</ul></section>"#)
}
