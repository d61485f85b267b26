//! The page: one file in the order of an operator's questions. Is it good? What did it cost? When? What exactly?

mod direction;
mod evidence;
mod head;

use std::fmt::Write as _;

use crossover_page::section;

use super::Report;
use super::chart::{self, Scale, Series, Span, Thin};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let mut body = head::section(report);
    body.push_str(&whole_run(report));
    for direction in &report.directions {
        body.push_str(&direction::section(report, direction));
    }
    body.push_str(&evidence::sections(report));
    let title = format!("{} · Crossover rehearsal", report.outcome.word());
    crossover_page::document(&title, STYLE, &body)
}

fn whole_run(report: &Report) -> String {
    let end = report.timeline.end_ms();
    if end <= 0.0 {
        return String::new();
    }
    let note = "Every write counts from its place on a fixed timetable. Waits are on a logarithmic scale. \
                The strong band is where the edge held writes.";
    section(
        "The run",
        note,
        &charts(
            report,
            Span {
                from: 0.0,
                to: end,
                zero: 0.0,
            },
            true,
        ),
    )
}

/// The charts of a span of the run, one above the other on one time axis.
fn charts(report: &Report, span: Span, with_lag: bool) -> String {
    let timeline = &report.timeline;
    let step = f64::from(timeline.bucket_ms.max(1));
    let at = |index: usize| (index as f64 + 0.5) * step;
    let per_s = 1_000.0 / step;
    let rates: Vec<_> = timeline
        .acknowledged
        .iter()
        .enumerate()
        .map(|(i, &n)| (at(i), Some(f64::from(n) * per_s)))
        .collect();
    let waits =
        |values: &[Option<f64>]| -> Vec<_> { values.iter().enumerate().map(|(i, &v)| (at(i), v)).collect() };
    let (p95, max) = (waits(&timeline.write_p95_ms), waits(&timeline.write_max_ms));
    let lag: Vec<_> = timeline
        .lag
        .iter()
        .map(|point| (point.at_ms, point.lag_ms))
        .collect();
    let highest = |points: &[(f64, Option<f64>)]| {
        let inside = points.iter().filter(|(at, _)| (span.from..=span.to).contains(at));
        inside.filter_map(|(_, value)| *value).fold(0.0, f64::max)
    };
    let line = |name, class, filled, points, thin| Series {
        name,
        class,
        filled,
        points,
        thin,
    };
    let mut html = chart::strip(&timeline.phases, span);
    let (rate_scale, wait_scale, lag_scale) = (
        Scale::linear(highest(&rates)),
        Scale::log(highest(&max)),
        Scale::linear(highest(&lag)),
    );
    let rate = [line("acknowledged", "rate", true, rates, Thin::Mean)];
    html.push_str(&chart::plot(
        "Writes acknowledged, per second",
        &rate,
        rate_scale,
        span,
        &timeline.phases,
    ));
    let wait = [
        line("slowest", "max", false, max, Thin::Highest),
        line("95th percentile", "p95", false, p95, Thin::Highest),
    ];
    html.push_str(&chart::plot(
        "Write latency, ms",
        &wait,
        wait_scale,
        span,
        &timeline.phases,
    ));
    if with_lag && !lag.is_empty() {
        let lag = [line("lag", "lag", true, lag, Thin::Highest)];
        html.push_str(&chart::plot(
            "Replication lag, ms",
            &lag,
            lag_scale,
            span,
            &timeline.phases,
        ));
    }
    let _ = write!(html, "{}", chart::axis(span));
    format!(r#"<div class="charts">{html}</div>"#)
}
