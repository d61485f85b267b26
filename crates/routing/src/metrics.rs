//! The lanes as text for Prometheus (exposition format 0.0.4). Docs: docs/edge.md, "Metrics".

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::{
    counts::{Counts, KINDS, SHADOWED, kind},
    lane::{LaneRecord, Phase, Side},
    sizes::LIMITS,
    time::Millis,
    traffic::Traffic,
};

/// One lane, as its object knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneFigures {
    pub record: LaneRecord,
    pub traffic: Traffic,
    /// Requests that are held now.
    pub held: u64,
    /// Age of the oldest lease that is still valid.
    pub lease_age_ms: Millis,
    /// Since the lane's object began.
    pub counts: Counts,
}

/// The text for these lanes. `unreached`: lanes that did not answer.
///
/// # Errors
/// None: writing to a text cannot fail.
pub fn text(lanes: &[LaneFigures], unreached: &[String]) -> Result<String, fmt::Error> {
    let mut page = Page::default();
    page.family("crossover_lane_up", "gauge", "Whether the lane's object answered")?;
    for lane in lanes {
        page.sample(&of(lane), 1)?;
    }
    for name in unreached {
        page.sample(&labels([("lane", name.as_str())]), 0)?;
    }
    for gauge in GAUGES {
        page.family(gauge.name, "gauge", gauge.help)?;
        for lane in lanes {
            page.sample(&of(lane), (gauge.value)(lane))?;
        }
    }
    page.family("crossover_lane_writer", "gauge", "1 at the side that owns writes")?;
    for lane in lanes {
        for side in [Side::Source, Side::Target] {
            let at = labels([("lane", lane.record.lane.as_str()), ("side", side.name())]);
            page.sample(&at, u64::from(lane.record.writer == side))?;
        }
    }
    page.family("crossover_lane_phase", "gauge", "1 at the phase of the lane")?;
    for lane in lanes {
        for phase in Phase::VARIANTS {
            let at = labels([("lane", lane.record.lane.as_str()), ("phase", phase.name())]);
            page.sample(&at, u64::from(lane.record.phase == *phase))?;
        }
    }
    requests(&mut page, lanes)?;
    durations(&mut page, lanes)?;
    page.family(
        "crossover_requests_held_total",
        "counter",
        "Requests that were held",
    )?;
    for lane in lanes {
        page.sample(&of(lane), lane.counts.held())?;
    }
    page.family(
        "crossover_requests_refused_total",
        "counter",
        "Requests that the edge answered itself; none of them reached a database",
    )?;
    for lane in lanes {
        page.sample(&of(lane), lane.counts.refused())?;
    }
    page.family(
        "crossover_shadow_reads_total",
        "counter",
        "Reads that were also sent to the side that does not serve, by how its answer compared",
    )?;
    for lane in lanes {
        for (outcome, name) in SHADOWED {
            let at = labels([("lane", lane.record.lane.as_str()), ("outcome", name)]);
            page.sample(&at, lane.counts.of_shadows(outcome))?;
        }
    }
    Ok(page.text)
}

struct Gauge {
    name: &'static str,
    help: &'static str,
    value: fn(&LaneFigures) -> u64,
}

const GAUGES: [Gauge; 5] = [
    Gauge {
        name: "crossover_lane_epoch",
        help: "Epoch of the lane: it grows with each change",
        value: |lane| lane.record.epoch.0,
    },
    Gauge {
        name: "crossover_requests_held",
        help: "Requests that are held now",
        value: |lane| lane.held,
    },
    Gauge {
        name: "crossover_writes_in_flight",
        help: "Writes that were forwarded and are not answered yet, by the newest reports",
        value: |lane| lane.traffic.in_flight.into(),
    },
    Gauge {
        name: "crossover_isolates",
        help: "Isolates of the edge with a valid lease",
        value: |lane| lane.traffic.isolates.into(),
    },
    Gauge {
        name: "crossover_lease_age_milliseconds",
        help: "Age of the oldest lease that is still valid",
        value: |lane| lane.lease_age_ms.0,
    },
];

fn requests(page: &mut Page, lanes: &[LaneFigures]) -> fmt::Result {
    page.family(
        "crossover_requests_total",
        "counter",
        "Requests that were forwarded, by what came of them; a read that was sent twice counts twice",
    )?;
    for lane in lanes {
        for (side, is_write) in KINDS {
            let one = lane.counts.of(side, is_write);
            for (outcome, number) in [
                ("answered", one.answered() - one.server_errors()),
                ("server_error", one.server_errors()),
                ("unreachable", one.unreachable()),
                ("timed_out", one.timed_out()),
            ] {
                let [lane, side, kind] = kind_of(lane, side, is_write);
                page.sample(&labels([lane, side, kind, ("outcome", outcome)]), number)?;
            }
        }
    }
    Ok(())
}

fn durations(page: &mut Page, lanes: &[LaneFigures]) -> fmt::Result {
    page.family(
        "crossover_request_duration_seconds",
        "histogram",
        "From forwarding a request to the headers of the origin's answer",
    )?;
    for lane in lanes {
        for (side, is_write) in KINDS {
            let one = lane.counts.of(side, is_write);
            let [lane, side, kind] = kind_of(lane, side, is_write);
            let mut so_far = 0;
            for (limit, number) in LIMITS.iter().zip(one.times()) {
                so_far += number;
                let limit = seconds(*limit);
                page.part("_bucket", &labels([lane, side, kind, ("le", &limit)]), so_far)?;
            }
            page.part(
                "_bucket",
                &labels([lane, side, kind, ("le", "+Inf")]),
                one.answered(),
            )?;
            page.part("_sum", &labels([lane, side, kind]), seconds(one.total_ms()))?;
            page.part("_count", &labels([lane, side, kind]), one.answered())?;
        }
    }
    Ok(())
}

fn kind_of(lane: &LaneFigures, side: Side, is_write: bool) -> [(&'static str, &str); 3] {
    [
        ("lane", lane.record.lane.as_str()),
        ("side", side.name()),
        ("kind", kind(is_write)),
    ]
}

fn of(lane: &LaneFigures) -> String {
    labels([("lane", lane.record.lane.as_str())])
}

/// The labels of a sample.
fn labels<const N: usize>(pairs: [(&str, &str); N]) -> String {
    let pairs = pairs.map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    pairs.join(",")
}

/// A value between quotation marks, as the format asks for it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Milliseconds as seconds, exactly.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

#[derive(Default)]
struct Page {
    text: String,
    family: &'static str,
}

impl Page {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> fmt::Result {
        self.family = name;
        writeln!(self.text, "# HELP {name} {help}.\n# TYPE {name} {kind}")
    }

    fn sample(&mut self, labels: &str, value: impl fmt::Display) -> fmt::Result {
        self.part("", labels, value)
    }

    fn part(&mut self, part: &str, labels: &str, value: impl fmt::Display) -> fmt::Result {
        writeln!(self.text, "{}{part}{{{labels}}} {value}", self.family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Ended;

    fn figures() -> LaneFigures {
        let mut counts = Counts::default();
        for (ended, took) in [
            (Ended::Answered(200), 3),
            (Ended::Answered(500), 40_000),
            (Ended::Unreachable, 1),
        ] {
            counts.forwarded(Side::Source, true, ended, Millis(took));
        }
        counts.holds_one();
        LaneFigures {
            record: LaneRecord::new("main"),
            traffic: Traffic {
                in_flight: 4,
                isolates: 2,
                ..Traffic::default()
            },
            held: 7,
            lease_age_ms: Millis(1_200),
            counts,
        }
    }

    #[test]
    fn every_figure_is_told_with_its_labels() {
        let text = text(&[figures()], &["north".to_owned()]).unwrap();
        for line in [
            "crossover_lane_up{lane=\"main\"} 1",
            "crossover_lane_up{lane=\"north\"} 0",
            "crossover_lane_epoch{lane=\"main\"} 1",
            "crossover_requests_held{lane=\"main\"} 7",
            "crossover_writes_in_flight{lane=\"main\"} 4",
            "crossover_isolates{lane=\"main\"} 2",
            "crossover_lease_age_milliseconds{lane=\"main\"} 1200",
            "crossover_lane_writer{lane=\"main\",side=\"source\"} 1",
            "crossover_lane_writer{lane=\"main\",side=\"target\"} 0",
            "crossover_lane_phase{lane=\"main\",phase=\"serve_source\"} 1",
            "crossover_lane_phase{lane=\"main\",phase=\"hold\"} 0",
            "crossover_requests_total{lane=\"main\",side=\"source\",kind=\"write\",outcome=\"answered\"} 1",
            "crossover_requests_total{lane=\"main\",side=\"source\",kind=\"write\",outcome=\"server_error\"} 1",
            "crossover_requests_total{lane=\"main\",side=\"source\",kind=\"write\",outcome=\"unreachable\"} 1",
            "crossover_requests_total{lane=\"main\",side=\"target\",kind=\"read\",outcome=\"answered\"} 0",
            "crossover_request_duration_seconds_bucket{lane=\"main\",side=\"source\",kind=\"write\",le=\"0.002\"} 0",
            "crossover_request_duration_seconds_bucket{lane=\"main\",side=\"source\",kind=\"write\",le=\"0.005\"} 1",
            "crossover_request_duration_seconds_bucket{lane=\"main\",side=\"source\",kind=\"write\",le=\"30.000\"} 1",
            "crossover_request_duration_seconds_bucket{lane=\"main\",side=\"source\",kind=\"write\",le=\"+Inf\"} 2",
            "crossover_request_duration_seconds_sum{lane=\"main\",side=\"source\",kind=\"write\"} 40.003",
            "crossover_request_duration_seconds_count{lane=\"main\",side=\"source\",kind=\"write\"} 2",
            "crossover_requests_held_total{lane=\"main\"} 1",
            "crossover_requests_refused_total{lane=\"main\"} 0",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} is not in\n{text}");
        }
    }

    /// The format asks that the samples of a family stand together, after its two comments, and that no sample comes twice.
    #[test]
    fn families_stand_together_and_no_sample_comes_twice() {
        let north = LaneFigures {
            record: LaneRecord::new("north"),
            ..figures()
        };
        let text = text(&[figures(), north], &[]).unwrap();
        let mut family = "";
        let (mut families, mut samples) = (Vec::new(), Vec::new());
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("# TYPE ") {
                family = name.split(' ').next().unwrap();
                families.push(family);
            } else if !line.starts_with('#') {
                assert!(line.starts_with(family), "{line} stands under {family}");
                samples.push(line.rsplit_once(' ').unwrap().0);
            }
        }
        for mut names in [families, samples] {
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }

    #[test]
    fn a_label_cannot_end_early() {
        assert_eq!(labels([("lane", "a\"b\\c\nd")]), r#"lane="a\"b\\c\nd""#);
    }
}
