//! The top of the page: the verdict in one sentence, the main figures, and all problems.

use crossover_core::{FractionalMillis, Millis};
use crossover_report::{
    number::{count, duration},
    page::{self, Figure, State, header, items},
};
use maud::{Markup, html};

use crate::report::{Judgement, Outcome, Pause, Report};

pub(super) fn section(report: &Report) -> Markup {
    let warnings = report.warnings();
    let (state, sign) = match (report.judgement(), warnings.is_empty()) {
        (Judgement::Problems, _) => (State::Bad, '✕'),
        (Judgement::AbortedRightly, _) | (Judgement::Passed, false) => (State::Fair, '!'),
        (Judgement::Passed, true) => (State::Good, '✓'),
    };
    let run = &report.run;
    let about: Vec<&str> = ["Crossover rehearsal", &run.data, &run.started_at, &run.id]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    html! {
        (header(state, sign, &about.join(" · "), &headline(report), &lead(report)))
        (figures(report))
        (list("problems", "Why the run did not pass", &report.problems()))
        (list("warnings", "Remarks", &warnings))
    }
}

fn headline(report: &Report) -> String {
    if report.judgement() == Judgement::AbortedRightly {
        return format!(
            "{}. The {} serves, and every acknowledged write is on it exactly once.",
            report.aborted_rightly(),
            report.outcome.in_charge().unwrap_or("side in charge")
        );
    }
    let word = report.outcome.word();
    let problems = report.problems();
    match problems.first() {
        Some(_) if report.outcome == Outcome::Failed => {
            format!(
                "{word}. {}",
                report
                    .failure
                    .as_deref()
                    .unwrap_or("The side in charge is unknown.")
            )
        }
        // The requested end was not reached, but the safe end was: the headline states that, and the list
        // below has the reason.
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
    // Only a compared ledger proves that no write was lost.
    let kept = if report.ledger.is_some() {
        ", and every acknowledged write is on it exactly once"
    } else {
        ""
    };
    format!("{}. The source continues to serve{kept}.", report.outcome.word())
}

fn lead(report: &Report) -> String {
    let mut sentences = Vec::new();
    if let Some(series) = &report.series {
        sentences.push(format!(
            "{} of {} runs committed.",
            series.committed,
            report.runs.len()
        ));
        if let Some((p95, max)) = series.added_p95_ms.zip(series.added_max_ms) {
            sentences.push(format!(
                "A run added {} at the 95th percentile (median of all runs) and {} at most.",
                duration(p95.median),
                duration(max.max)
            ));
        }
    }
    let single = report.directions.iter().filter(|_| report.series.is_none());
    for direction in single {
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
    if report.run.duration_ms > Millis(0) {
        sentences.push(format!(
            "The whole run took {}.",
            duration(report.run.duration_ms)
        ));
    }
    sentences.join(" ")
}

fn figures(report: &Report) -> Markup {
    if report.outcome == Outcome::Planned {
        return Markup::default();
    }
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
    let wait =
        |value: fn(Pause) -> FractionalMillis| worst.map_or("–".into(), |pause| duration(value(pause)));
    let errors = report.writes.errors + report.reads.errors;
    let neutral = |text: String, name| Figure {
        text,
        name,
        bad: false,
    };
    let must_be_zero = |number: u64, name| Figure {
        bad: number > 0,
        ..neutral(count(number), name)
    };
    // Without a comparison of the ledger these two are unknown, which is not good either.
    let compared = |number: u64, name| match report.ledger {
        Some(_) => must_be_zero(number, name),
        None => Figure {
            bad: true,
            ..neutral("unknown".into(), name)
        },
    };
    page::figures(&[
        neutral(count(report.writes.acknowledged), "acknowledged"),
        compared(report.writes.lost, "lost"),
        compared(report.writes.duplicated, "duplicated"),
        must_be_zero(errors, "client errors"),
        neutral(wait(|pause| pause.p95), "added wait, p95"),
        neutral(wait(|pause| pause.max), "added wait, longest"),
    ])
}

fn list(class: &str, title: &str, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            section class=(class) {
                h2 { (title) }
                ul { (items(lines)) }
            }
        }
    }
}
