//! One direction: the pause in detail, its parts, and the stages.

use crossover_core::FractionalMillis;
use crossover_report::{
    chart::Span,
    number::{self, duration},
    page,
};
use maud::{Markup, html};

use super::charts;
use crate::report::{Breakdown, Direction, HeldCounts, Report, StageRun};

/// Minimum time shown before and after the pause, in milliseconds.
const AROUND: f64 = 2_000.0;
/// Number of colours for the parts of a pause; the style sheet has as many.
const COLOURS: usize = 11;

pub(super) fn section(report: &Report, direction: &Direction) -> Markup {
    let content = html! {
        @if let (Some(hold_at), Some(released)) = (direction.hold_at_ms, direction.released_ms) {
            h3 { "The pause in detail" }
            (charts(report, around(hold_at, released), true))
        }
        @if let Some(pause) = direction.pause_ms {
            p.waits {
                span { b { (duration(pause.p50)) } " median" }
                span { b { (duration(pause.p95)) } " 95th percentile" }
                span { b { (duration(pause.max)) } " longest added wait" }
            }
            p.note { (held_writes(direction.held_writes)) }
        }
        (stacked("Parts of the pause", &direction.pause_breakdown_ms))
        (stacked("Parts of the median added wait", &direction.median_breakdown_ms))
        (stages(&direction.stages))
    };
    let title = format!(
        "{}: {} to {}",
        capital(&direction.name),
        direction.from,
        direction.to
    );
    page::section(&title, "", &content)
}

/// How many writes met the hold, and what became of them.
fn held_writes(counts: HeldCounts) -> String {
    let held = format!(
        "{} held writes with an idempotency key and {} without one were released.",
        number::count(counts.with_key),
        number::count(counts.without_key)
    );
    match counts.refused {
        0 => held,
        refused => format!(
            "{held} {} without one got 503 and were not executed, as the plan asks for (hold = \"keyed\").",
            number::count(refused)
        ),
    }
}

fn around(FractionalMillis(hold_at): FractionalMillis, FractionalMillis(released): FractionalMillis) -> Span {
    let around = ((released - hold_at) * 2.0).max(AROUND);
    Span {
        from: (hold_at - around).max(0.0),
        to: released + around,
        zero: hold_at,
    }
}

/// Parts in one bar.
fn stacked(title: &str, breakdown: &Breakdown) -> Markup {
    let total = breakdown.total();
    html! {
        @if total.0 > 0.0 {
            h3 { (title) " " small { (duration(total)) } }
            (bar(breakdown, 100.0))
            (legend(breakdown, true))
        }
    }
}

fn colour(index: usize) -> String {
    format!("c{}", index % COLOURS)
}

/// A bar of the parts; `percent` is its width.
pub(super) fn bar(breakdown: &Breakdown, percent: f64) -> Markup {
    let total = breakdown.total().0;
    html! {
        div.stacked style=(format!("width:{percent:.2}%")) {
            @for (index, (name, length)) in breakdown.0.iter().enumerate() {
                @let width = format!("width:{:.2}%", length.0 / total * 100.0);
                i class=(colour(index)) style=(width) title={ (name) ": " (duration(*length)) } {}
            }
        }
    }
}

/// The names of the parts, with their lengths if asked for.
pub(super) fn legend(breakdown: &Breakdown, with_lengths: bool) -> Markup {
    html! {
        ul.parts {
            @for (index, (name, length)) in breakdown.0.iter().enumerate() {
                li {
                    i class=(colour(index)) {}
                    span { (name) }
                    @if with_lengths { b { (duration(*length)) } }
                }
            }
        }
    }
}

/// The stages, each with a bar in proportion to its duration.
fn stages(stages: &[StageRun]) -> Markup {
    let longest = stages.iter().map(|stage| stage.duration_ms.0).fold(1, u64::max);
    html! {
        @if !stages.is_empty() {
            h3 { "Stages" }
            ol.bars {
                @for stage in stages {
                    @let good = stage.outcome == "succeeded";
                    li class=(page::bad_if(!good)) {
                        span {
                            (stage.name)
                            @if !good { em { (stage.outcome) } }
                        }
                        div { i style=(format!("width:{:.2}%", stage.duration_ms.0 as f64 / longest as f64 * 100.0)) {} }
                        b { (duration(stage.duration_ms)) }
                    }
                }
            }
        }
    }
}

pub(super) fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
