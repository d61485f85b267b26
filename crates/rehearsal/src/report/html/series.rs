//! A series: the distribution, and one row for each run.

use crossover_core::FractionalMillis;
use crossover_report::{
    number::{count, duration},
    page::{self, bad_if, section},
};
use maud::{Markup, html};

use super::direction::{bar, capital, legend};
use crate::{
    report::{Distribution, Report, RunRow, Series},
    run::RunOutcome,
};

pub(super) fn sections(report: &Report) -> Markup {
    let Some(series) = &report.series else {
        return Markup::default();
    };
    let longest = report
        .runs
        .iter()
        .map(|run| run.pause_breakdown_ms.total())
        .fold(FractionalMillis(1.0), FractionalMillis::max);
    let with_parts = report
        .runs
        .iter()
        .max_by_key(|run| run.pause_breakdown_ms.0.len());
    let content = html! {
        (distributions(series))
        (runs(&report.runs, longest))
        @if let Some(run) = with_parts { (legend(&run.pause_breakdown_ms, false)) }
    };
    let note = format!(
        "{} runs: {} committed, {} aborted, {} failed. The errors of a run are those of operations due from its start to the start of the next.",
        report.runs.len(),
        series.committed,
        series.aborted,
        series.failed
    );
    section("The series", &note, &content)
}

fn distributions(series: &Series) -> Markup {
    let head = html! {
        tr { th { "Over all runs that held writes" } th.n { "Lowest" } th.n { "Median" } th.n { "95th percentile" } th.n { "Highest" } }
    };
    let row = |name: &str, of: Option<Distribution>| {
        html! {
            @if let Some(of) = of {
                tr {
                    td.name { (name) }
                    @for value in [of.min, of.median, of.p95, of.max] { td.n { (duration(value)) } }
                }
            }
        }
    };
    let rows = html! {
        (row("Added wait, 95th percentile of a run", series.added_p95_ms))
        (row("Added wait, longest of a run", series.added_max_ms))
    };
    html! { @if !rows.0.is_empty() { (page::table(None, &head, &rows)) } }
}

fn runs(runs: &[RunRow], longest: FractionalMillis) -> Markup {
    let head = html! {
        tr {
            th.n { "Run" } th { "Direction" } th { "Outcome" }
            th.n { "Added p95" } th.n { "Longest" } th.n { "Errors" } th { "Parts of the pause" }
        }
    };
    let rows = html! {
        @for (index, run) in runs.iter().enumerate() {
            tr title=(run.id) {
                td.n { (index + 1) }
                td { (capital(&run.direction)) }
                (outcome(run))
                td.n { (run.pause_ms.map_or("–".into(), |pause| duration(pause.p95))) }
                td.n { (run.pause_ms.map_or("–".into(), |pause| duration(pause.max))) }
                td.n class=(bad_if(run.errors > 0)) { (count(run.errors)) }
                td.pause {
                    @let share = run.pause_breakdown_ms.total().0 / longest.0 * 100.0;
                    @if share > 0.0 { (bar(&run.pause_breakdown_ms, share)) }
                }
            }
        }
    };
    page::table(Some("runs"), &head, &rows)
}

fn outcome(run: &RunRow) -> Markup {
    let error = run
        .error
        .as_deref()
        .map_or_else(String::new, |error| format!(": {error}"));
    match run.outcome {
        RunOutcome::Committed => html! { td.mark.good { "✓ committed" } },
        RunOutcome::Aborted if run.too_busy => html! { td.mark { "! aborted" (error) } },
        RunOutcome::Aborted => html! { td.mark.bad { "✕ aborted" (error) } },
        RunOutcome::Failed => html! { td.mark.bad { "✕ failed" (error) } },
    }
}
