//! One move: the pause from close by, what it was made of, and the stages.

use std::fmt::Write as _;

use crossover_page::{escape, number::duration};

use super::charts;
use crate::report::chart::Span;
use crate::report::{Breakdown, Direction, Report, StageRun};

/// Shown before and after the pause, in milliseconds, at least.
const AROUND_MS: f64 = 2_000.0;
/// Colours for the parts of a pause; the style sheet has as many.
const COLOURS: usize = 8;

pub(super) fn section(report: &Report, direction: &Direction) -> String {
    let mut html = String::new();
    if let (Some(hold_at_ms), Some(released)) = (direction.hold_at_ms, direction.released_ms) {
        let around = ((released - hold_at_ms) * 2.0).max(AROUND_MS);
        let span = Span {
            from: (hold_at_ms - around).max(0.0),
            to: released + around,
            zero: hold_at_ms,
        };
        let _ = write!(
            html,
            "<h3>The pause, from close by</h3>{}",
            charts(report, span, true)
        );
    }
    if let Some(pause) = direction.pause_ms {
        let _ = write!(
            html,
            r#"<p class="waits"><span><b>{}</b> median</span><span><b>{}</b> 95th percentile</span><span><b>{}</b> longest added wait</span></p>"#,
            duration(pause.p50),
            duration(pause.p95),
            duration(pause.max)
        );
    }
    html.push_str(&stacked(&direction.pause_breakdown_ms));
    html.push_str(&stages(&direction.stages));
    let title = format!(
        "{}: {} to {}",
        capital(&direction.name),
        direction.from,
        direction.to
    );
    crossover_page::section(&title, "", &html)
}

/// The parts of the pause in one bar.
fn stacked(breakdown: &Breakdown) -> String {
    let total = breakdown.total_ms();
    if total <= 0.0 {
        return String::new();
    }
    let (mut bar, mut key) = (String::new(), String::new());
    for (index, (name, ms)) in breakdown.0.iter().enumerate() {
        let (colour, share, name) = (index % COLOURS, ms / total * 100.0, escape(name));
        let _ = write!(
            bar,
            r#"<i class="c{colour}" style="width:{share:.2}%" title="{name}: {}"></i>"#,
            duration(*ms)
        );
        let _ = write!(
            key,
            r#"<li><i class="c{colour}"></i><span>{name}</span><b>{}</b></li>"#,
            duration(*ms)
        );
    }
    format!(
        r#"<h3>What the pause was made of <small>{}</small></h3><div class="stacked">{bar}</div><ul class="parts">{key}</ul>"#,
        duration(total)
    )
}

/// The stages, each with a bar as long as it took.
fn stages(stages: &[StageRun]) -> String {
    if stages.is_empty() {
        return String::new();
    }
    let longest = stages.iter().map(|stage| stage.duration_ms).fold(1.0, f64::max);
    let mut rows = String::new();
    for stage in stages {
        let good = stage.outcome == "succeeded";
        let outcome = if good {
            String::new()
        } else {
            format!("<em>{}</em>", escape(&stage.outcome))
        };
        let _ = write!(
            rows,
            r#"<li class="{}"><span>{}{outcome}</span><div><i style="width:{:.2}%"></i></div><b>{}</b></li>"#,
            if good { "" } else { "bad" },
            escape(&stage.name),
            stage.duration_ms / longest * 100.0,
            duration(stage.duration_ms)
        );
    }
    format!(r#"<h3>Stages</h3><ol class="bars">{rows}</ol>"#)
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
