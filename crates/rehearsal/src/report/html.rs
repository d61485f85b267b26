//! The HTML page, in one file and in the order of an operator's questions: the result, the cost, the
//! timeline, the details.

mod direction;
mod evidence;
mod head;
mod series;

use crossover_core::FractionalMillis;
use crossover_report::{
    chart::{self, Band, Scale, Series, Span, Thin},
    page::{document, section},
};
use maud::{Markup, html};

use super::Report;

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let body = html! {
        (head::section(report))
        (series::sections(report))
        (whole_run(report))
        @for direction in report.in_detail() { (direction::section(report, direction)) }
        (evidence::sections(report))
    };
    let title = format!("{} · Crossover rehearsal", report.outcome.word());
    document(&title, STYLE, &body)
}

fn whole_run(report: &Report) -> Markup {
    let end = report.timeline.end().0;
    if end <= 0.0 {
        return Markup::default();
    }
    let note = "The wait of every write counts from its due time on a fixed timetable. Waits are on a logarithmic scale. \
                The strong band is where the edge held writes.";
    let span = Span {
        from: 0.0,
        to: end,
        zero: 0.0,
    };
    section("The run", note, &charts(report, span, true))
}

/// The charts of a span of the run, stacked on one time axis.
fn charts(report: &Report, span: Span, with_lag: bool) -> Markup {
    let timeline = &report.timeline;
    let step = timeline.bucket_ms.0.max(1) as f64;
    let at = |index: usize| (index as f64 + 0.5) * step;
    let per_s = 1_000.0 / step;
    let rates: Vec<_> = timeline
        .acknowledged
        .iter()
        .enumerate()
        .map(|(i, &n)| (at(i), Some(f64::from(n) * per_s)))
        .collect();
    let waits = |values: &[Option<FractionalMillis>]| -> Vec<_> {
        values
            .iter()
            .enumerate()
            .map(|(i, v)| (at(i), v.map(|ms| ms.0)))
            .collect()
    };
    let (p95, max) = (waits(&timeline.write_p95_ms), waits(&timeline.write_max_ms));
    let lag: Vec<_> = timeline
        .lag
        .iter()
        .map(|point| (point.at_ms.0, point.lag_ms.map(|lag| lag.0)))
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
    let phases = timeline.phases.iter();
    let bands: Vec<Band<'_>> = phases
        .map(|phase| Band {
            name: &phase.name,
            start_ms: phase.start_ms.0,
            end_ms: phase.end_ms.0,
            strong: phase.holds,
        })
        .collect();
    let (rate_scale, wait_scale, lag_scale) = (
        Scale::linear(highest(&rates)),
        Scale::log(highest(&max)),
        Scale::linear(highest(&lag)),
    );
    let show_lag = with_lag && !lag.is_empty();
    let rate = [line("acknowledged", "rate", true, rates, Thin::Mean)];
    let wait = [
        line("slowest", "max", false, max, Thin::Highest),
        line("95th percentile", "p95", false, p95, Thin::Highest),
    ];
    let lag = [line("lag", "lag", true, lag, Thin::Highest)];
    html! {
        div.charts {
            (chart::strip(&bands, span))
            (chart::plot("Writes acknowledged, per second", &rate, rate_scale, span, &bands))
            (chart::plot("Write latency, ms", &wait, wait_scale, span, &bands))
            @if show_lag { (chart::plot("Replication lag, ms", &lag, lag_scale, span, &bands)) }
            (chart::axis(span))
        }
    }
}
