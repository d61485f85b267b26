//! Charts as inline SVG. Shapes scale with the page; words and numbers are HTML beside them, so that they stay
//! readable at every width.

use std::fmt::Write as _;

use crossover_page::{escape, number::duration};

use super::timeline::Phase;

/// The drawing's inner size; stretched to whatever the page gives it.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 100.0;
/// The share of the width from which a phase has room for its name.
const LABELLED: f64 = 0.06;
/// Points drawn of one series: more are not visible.
const POINTS: usize = 500;

/// The part of the run a chart shows, in milliseconds since the start of the load.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: f64,
    pub(super) to: f64,
    /// What the axis calls zero.
    pub(super) zero: f64,
}

impl Span {
    /// The share of the width, 0 to 1, at which `ms` lies; clamped to the span.
    fn at(self, ms: f64) -> f64 {
        ((ms - self.from) / (self.to - self.from).max(1.0)).clamp(0.0, 1.0)
    }

    /// Round times within the span, eight at most.
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

/// How values become heights.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scale {
    /// From zero to the given value.
    Linear(f64),
    /// From one to the given value, by powers of ten.
    Log(f64),
}

impl Scale {
    /// Linear, with a round top not below `most`.
    pub(super) fn linear(most: f64) -> Self {
        let magnitude = 10_f64.powf(most.max(1.0).log10().floor());
        let top = [1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 10.0]
            .map(|n| n * magnitude)
            .into_iter()
            .find(|&top| top >= most);
        Self::Linear(top.unwrap_or(most))
    }

    /// Logarithmic, with a power of ten not below `most` as its top.
    pub(super) fn log(most: f64) -> Self {
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

/// How the points between two steps are thinned out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Thin {
    /// Their mean: rates.
    Mean,
    /// The highest: waits, which must not vanish.
    Highest,
}

/// One line (or filled area) of a chart: times and values; a missing value is a gap.
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    pub(super) class: &'a str,
    pub(super) filled: bool,
    pub(super) points: Vec<(f64, Option<f64>)>,
    pub(super) thin: Thin,
}

/// A chart with its title, key, grid and bands, without a time axis.
pub(super) fn plot(title: &str, series: &[Series<'_>], scale: Scale, span: Span, phases: &[Phase]) -> String {
    let mut svg = bands(phases, span);
    for tick in scale.ticks() {
        let y = (1.0 - scale.share(tick)) * HEIGHT;
        let _ = write!(
            svg,
            r#"<line class="grid" x1="0" x2="{WIDTH}" y1="{y:.1}" y2="{y:.1}"/>"#
        );
    }
    let mut key = String::new();
    for line in series {
        svg.push_str(&path(line, scale, span));
        if series.len() > 1 {
            let _ = write!(
                key,
                r#"<span><i class="{}"></i>{}</span>"#,
                line.class,
                escape(line.name)
            );
        }
    }
    let mut labels = String::new();
    for tick in scale.ticks() {
        let _ = write!(
            labels,
            r#"<span style="top:{:.1}%">{}</span>"#,
            (1.0 - scale.share(tick)) * 100.0,
            tick_text(tick)
        );
    }
    format!(
        r#"<figure class="plot"><figcaption>{title}<span class="key">{key}</span></figcaption><div class="area"><div class="y">{labels}</div><svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{title}">{svg}</svg></div></figure>"#,
        title = escape(title)
    )
}

/// The names of the phases above a group of charts.
pub(super) fn strip(phases: &[Phase], span: Span) -> String {
    let mut strip = String::new();
    for (index, phase) in visible(phases, span).enumerate() {
        let (left, right) = (span.at(phase.start_ms), span.at(phase.end_ms));
        let class = if phase.holds {
            "hold"
        } else {
            ["even", "odd"][index % 2]
        };
        let name = escape(&phase.name);
        // A sliver of a word says less than none; the whole is in the title.
        let label = if right - left < LABELLED { "" } else { &name };
        let _ = write!(
            strip,
            r#"<span class="{class}" style="left:{:.2}%;width:{:.2}%" title="{name}: {}">{label}</span>"#,
            left * 100.0,
            (right - left) * 100.0,
            duration(phase.end_ms - phase.start_ms)
        );
    }
    format!(r#"<div class="strip">{strip}</div>"#)
}

/// The time axis below a group of charts.
pub(super) fn axis(span: Span) -> String {
    let mut axis = String::new();
    for tick in span.ticks() {
        let _ = write!(
            axis,
            r#"<span style="left:{:.2}%">{}</span>"#,
            span.at(tick) * 100.0,
            time_text(tick - span.zero)
        );
    }
    format!(r#"<div class="axis">{axis}</div>"#)
}

fn visible(phases: &[Phase], span: Span) -> impl Iterator<Item = &Phase> {
    phases
        .iter()
        .filter(move |phase| phase.end_ms > span.from && phase.start_ms < span.to)
}

fn bands(phases: &[Phase], span: Span) -> String {
    let mut svg = String::new();
    for (index, phase) in visible(phases, span).enumerate() {
        let (left, right) = (span.at(phase.start_ms) * WIDTH, span.at(phase.end_ms) * WIDTH);
        let class = if phase.holds {
            "hold"
        } else {
            ["even", "odd"][index % 2]
        };
        // A hold of 60 ms in a run of minutes has to be seen.
        let width = if phase.holds {
            (right - left).max(WIDTH / 400.0)
        } else {
            right - left
        };
        let _ = write!(
            svg,
            r#"<rect class="band {class}" x="{left:.2}" y="0" width="{width:.2}" height="{HEIGHT}"/>"#
        );
    }
    svg
}

fn path(series: &Series<'_>, scale: Scale, span: Span) -> String {
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
    let fill = if series.filled {
        format!(r#"<path class="fill {}" d="{area}"/>"#, series.class)
    } else {
        String::new()
    };
    format!(r#"{fill}<path class="line {}" d="{line}"/>"#, series.class)
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
    fn scales_have_round_tops_that_hold_every_value() {
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
        let svg = path(
            &series,
            Scale::Linear(2.0),
            Span {
                from: 0.0,
                to: 100.0,
                zero: 0.0,
            },
        );
        assert_eq!(
            svg,
            r#"<path class="line lag" d="M0.0 50.0M200.0 50.0L300.0 0.0"/>"#
        );
    }

    #[test]
    fn the_time_axis_has_a_handful_of_round_times_around_its_zero() {
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
