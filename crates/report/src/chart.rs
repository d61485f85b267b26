//! Charts as inline SVG. Shapes scale with the page; text and numbers are HTML next to the shapes, so that
//! they stay readable at every width.

use std::fmt::Write as _;

use crossover_core::FractionalMillis;
use maud::{Markup, html};

use crate::number::duration;

/// The inner size of the drawing; scaled to the width in the page.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 100.0;
/// The smallest share of the width at which a phase shows its name.
const LABELLED: f64 = 0.06;
/// The most points drawn of one series; more would not be visible.
const POINTS: usize = 500;

/// A part of the time axis, drawn as a band.
#[derive(Debug, Clone, Copy)]
pub struct Band<'a> {
    pub name: &'a str,
    pub start_ms: f64,
    pub end_ms: f64,
    /// Drawn in a stronger colour, and with a minimal width.
    pub strong: bool,
}

/// The part of the time axis a chart shows, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub from: f64,
    pub to: f64,
    /// The time that the axis shows as zero.
    pub zero: f64,
}

impl Span {
    /// The share of the width, 0 to 1, at which `ms` lies; clamped to the span.
    fn at(self, ms: f64) -> f64 {
        ((ms - self.from) / (self.to - self.from).max(1.0)).clamp(0.0, 1.0)
    }

    /// Round times within the span, at most eight.
    fn ticks(self) -> Vec<f64> {
        let steps = [
            100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5,
        ];
        let length = self.to - self.from;
        let step = steps
            .into_iter()
            .find(|step| length / step <= 8.0)
            .unwrap_or(length / 4.0);
        let first = ((self.from - self.zero) / step).ceil() as i64;
        let last = ((self.to - self.zero) / step).floor() as i64;
        (first..=last).map(|n| self.zero + n as f64 * step).collect()
    }
}

/// Maps values to heights.
#[derive(Debug, Clone, Copy)]
pub enum Scale {
    /// From zero to the given value.
    Linear(f64),
    /// From one to the given value, by powers of ten.
    Log(f64),
}

impl Scale {
    /// Linear, up to a round value that is at least `most`.
    pub fn linear(most: f64) -> Self {
        let magnitude = 10_f64.powf(most.max(1.0).log10().floor());
        let top = [1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 10.0]
            .map(|n| n * magnitude)
            .into_iter()
            .find(|&top| top >= most);
        Self::Linear(top.unwrap_or(most))
    }

    /// Logarithmic, up to a power of ten that is at least `most`.
    pub fn log(most: f64) -> Self {
        Self::Log(10_f64.powf(most.max(10.0).log10().ceil()))
    }

    fn share(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear(top) => value / top.max(f64::MIN_POSITIVE),
            Self::Log(top) => value.max(1.0).log10() / top.log10(),
        };
        share.clamp(0.0, 1.0)
    }

    fn ticks(self) -> Vec<f64> {
        match self {
            Self::Linear(top) => vec![0.0, top / 2.0, top],
            Self::Log(top) => (0..=top.log10().round() as i32)
                .map(|power| 10_f64.powi(power))
                .collect(),
        }
    }
}

/// How several values of one drawn point are combined.
#[derive(Debug, Clone, Copy)]
pub enum Thin {
    /// The mean: for rates.
    Mean,
    /// The highest value: for waits, which must not disappear.
    Highest,
}

/// One line (or filled area) of a chart: times and values; a missing value is a gap.
pub struct Series<'a> {
    pub name: &'a str,
    pub class: &'a str,
    pub filled: bool,
    pub points: Vec<(f64, Option<f64>)>,
    pub thin: Thin,
}

/// A chart with its title, legend, grid and bands, without a time axis.
pub fn plot(title: &str, series: &[Series<'_>], scale: Scale, span: Span, bands: &[Band<'_>]) -> Markup {
    let height = |tick: f64| (1.0 - scale.share(tick)) * HEIGHT;
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    html! {
        figure.plot {
            figcaption {
                (title)
                span.key {
                    @if series.len() > 1 {
                        @for line in series { span { i class=(line.class) {} (line.name) } }
                    }
                }
            }
            div.area {
                div.y {
                    @for tick in scale.ticks() {
                        span style=(format!("top:{:.1}%", (1.0 - scale.share(tick)) * 100.0)) { (tick_text(tick)) }
                    }
                }
                svg viewBox=(view) preserveAspectRatio="none" role="img" aria-label=(title) {
                    (rectangles(bands, span))
                    @for tick in scale.ticks() {
                        @let y = format!("{:.1}", height(tick));
                        line.grid x1="0" x2=(WIDTH) y1=(y) y2=(y) {}
                    }
                    @for line in series { (path(line, scale, span)) }
                }
            }
        }
    }
}

/// The names of the bands above a group of charts.
pub fn strip(bands: &[Band<'_>], span: Span) -> Markup {
    html! {
        div.strip {
            @for (index, band) in visible(bands, span).enumerate() {
                @let (left, right) = (span.at(band.start_ms), span.at(band.end_ms));
                @let style = format!("left:{:.2}%;width:{:.2}%", left * 100.0, (right - left) * 100.0);
                @let title = format!("{}: {}", band.name, duration(FractionalMillis(band.end_ms - band.start_ms)));
                span class=(band_class(band, index)) style=(style) title=(title) {
                    // Part of a word would be useless; the complete name is in the title.
                    @if right - left >= LABELLED { (band.name) }
                }
            }
        }
    }
}

/// The time axis below a group of charts.
pub fn axis(span: Span) -> Markup {
    html! {
        div.axis {
            @for tick in span.ticks() {
                span style=(format!("left:{:.2}%", span.at(tick) * 100.0)) { (time_text(tick - span.zero)) }
            }
        }
    }
}

fn visible<'a>(bands: &'a [Band<'a>], span: Span) -> impl Iterator<Item = &'a Band<'a>> {
    bands
        .iter()
        .filter(move |band| band.end_ms > span.from && band.start_ms < span.to)
}

const fn band_class(band: &Band<'_>, index: usize) -> &'static str {
    if band.strong {
        "hold"
    } else {
        ["even", "odd"][index % 2]
    }
}

fn rectangles(bands: &[Band<'_>], span: Span) -> Markup {
    html! {
        @for (index, band) in visible(bands, span).enumerate() {
            @let (left, right) = (span.at(band.start_ms) * WIDTH, span.at(band.end_ms) * WIDTH);
            // A hold of 60 ms in a run of minutes must be visible.
            @let width = if band.strong { (right - left).max(WIDTH / 400.0) } else { right - left };
            rect.band.(band_class(band, index)) x=(format!("{left:.2}")) y="0" width=(format!("{width:.2}")) height=(HEIGHT) {}
        }
    }
}

fn path(series: &Series<'_>, scale: Scale, span: Span) -> Markup {
    let (line, area) = outlines(series, scale, span);
    html! {
        @if series.filled { path.fill.(series.class) d=(area) {} }
        path.line.(series.class) d=(line) {}
    }
}

/// The line, and the area below it.
fn outlines(series: &Series<'_>, scale: Scale, span: Span) -> (String, String) {
    let inside: Vec<_> = series
        .points
        .iter()
        .filter(|(at, _)| (span.from..=span.to).contains(at))
        .collect();
    let group = inside.len().div_ceil(POINTS).max(1);
    let (mut line, mut area) = (String::new(), String::new());
    let mut begun: Option<f64> = None;
    let mut last = 0.0;
    for chunk in inside.chunks(group) {
        let values: Vec<f64> = chunk.iter().filter_map(|(_, value)| *value).collect();
        if values.is_empty() {
            close(&mut area, begun.take(), last);
            continue;
        }
        let value = match series.thin {
            Thin::Mean => values.iter().sum::<f64>() / values.len() as f64,
            Thin::Highest => values.iter().copied().fold(f64::MIN, f64::max),
        };
        let (x, y) = (span.at(chunk[0].0) * WIDTH, (1.0 - scale.share(value)) * HEIGHT);
        let _ = write!(line, "{}{x:.1} {y:.1}", if begun.is_some() { "L" } else { "M" });
        if begun.is_none() {
            begun = Some(x);
            let _ = write!(area, "M{x:.1} {HEIGHT}");
        }
        let _ = write!(area, "L{x:.1} {y:.1}");
        last = x;
    }
    close(&mut area, begun, last);
    (line, area)
}

fn close(area: &mut String, begun: Option<f64>, last: f64) {
    if begun.is_some() {
        let _ = write!(area, "L{last:.1} {HEIGHT}Z");
    }
}

fn tick_text(value: f64) -> String {
    if value >= 1_000.0 && value % 1_000.0 == 0.0 {
        format!("{}k", value / 1_000.0)
    } else if value.fract() == 0.0 {
        format!("{value}")
    } else {
        format!("{value:.1}")
    }
}

fn time_text(ms: f64) -> String {
    let seconds = ms / 1_000.0;
    if seconds.abs() >= 120.0 && seconds % 60.0 == 0.0 {
        format!("{} min", seconds / 60.0)
    } else if seconds.fract().abs() < 1e-9 {
        format!("{seconds:.0} s")
    } else {
        format!("{seconds:.1} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_values_above_every_value() {
        assert!(matches!(Scale::linear(203.0), Scale::Linear(top) if (top - 400.0).abs() < 1e-9));
        assert!(matches!(Scale::linear(0.0), Scale::Linear(top) if (top - 1.0).abs() < 1e-9));
        assert!(matches!(Scale::log(118.0), Scale::Log(top) if (top - 1_000.0).abs() < 1e-6));
        assert_eq!(Scale::log(1.0).ticks().len(), 2);
    }

    #[test]
    fn an_unknown_value_is_a_gap_not_a_zero() {
        let points = vec![
            (0.0, Some(1.0)),
            (10.0, None),
            (20.0, Some(1.0)),
            (30.0, Some(2.0)),
        ];
        let series = Series {
            name: "lag",
            class: "lag",
            filled: false,
            points,
            thin: Thin::Highest,
        };
        let (line, _) = outlines(
            &series,
            Scale::Linear(2.0),
            Span {
                from: 0.0,
                to: 100.0,
                zero: 0.0,
            },
        );
        assert_eq!(line, "M0.0 50.0M200.0 50.0L300.0 0.0");
    }

    #[test]
    fn names_and_titles_stay_text() {
        let band = Band {
            name: "\"><script>",
            start_ms: 0.0,
            end_ms: 50.0,
            strong: false,
        };
        let span = Span {
            from: 0.0,
            to: 100.0,
            zero: 0.0,
        };
        let html = strip(&[band], span).0 + &plot("\"><script>", &[], Scale::Linear(1.0), span, &[band]).0;
        assert!(
            !html.contains("<script>") && html.contains("&lt;script&gt;"),
            "{html}"
        );
    }

    #[test]
    fn the_time_axis_has_few_round_times_around_its_zero() {
        let span = Span {
            from: 41_000.0,
            to: 46_000.0,
            zero: 43_210.0,
        };
        let texts: Vec<String> = span
            .ticks()
            .iter()
            .map(|tick| time_text(tick - span.zero))
            .collect();
        assert_eq!(texts, ["-2 s", "-1 s", "0 s", "1 s", "2 s"]);
        let long = Span {
            from: 0.0,
            to: 175_000.0,
            zero: 0.0,
        };
        assert!((4..=8).contains(&long.ticks().len()));
    }
}
