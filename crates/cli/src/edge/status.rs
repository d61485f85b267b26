//! `crossover edge status`.

use std::{fmt::Write as _, process::ExitCode};

use crossover_clock::SystemClock;
use crossover_core::{
    UnixMillis,
    ports::Clock as _,
    routing::{LaneRecord, Mode, Phase, TargetReads, Traffic},
};
use crossover_operate::edge::LaneAtEdge;
use crossover_report::number::{count, duration};

use super::{mode, shadow};
use crate::{
    migration::{Config, work},
    output::{print, print_json},
};

pub const MANUAL: &str = "Show the lane and its traffic as they are now: who owns writes, a pause that is announced or under way, the writes in flight and how \
long writes take, and the requests that are held.\n\n\
Figures of traffic come from the isolates' reports, which are at most five seconds old while a side serves.";

/// Options of `crossover edge status`.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 shown; 2 the edge did not answer; 130 interrupted.")]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// Print JSON on standard output: record, traffic, held (docs/edge.md)
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| interrupt.to_string())
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let admin = arguments.config.clients().await?.lane().await?;
    let lane = LaneAtEdge::read(&admin).await?;
    if arguments.json {
        print_json(&lane)?;
    } else {
        print(&text(&lane, SystemClock.now()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The lane for people.
pub(super) fn text(lane: &LaneAtEdge, now: UnixMillis) -> String {
    let LaneAtEdge {
        record,
        traffic,
        held,
    } = lane;
    let mut text = format!("{}\n\n", headline(record, now));
    let mut line = |what: &str, content: &str| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {what:<10}{content}");
    };
    line(
        "lane",
        &format!(
            "{}, phase {}, epoch {}",
            record.lane,
            record.phase.name(),
            record.epoch
        ),
    );
    line("run", record.run_id.as_deref().unwrap_or("none so far"));
    if record.mode != Mode::Normal {
        line("serves", &mode::words(record.mode));
    }
    line("writes", &writes(traffic));
    if let Some(reads) = &record.target_reads {
        line("reads", &target_reads(reads, record, now));
    }
    if record.shadow.is_some() {
        line(
            "shadow",
            &format!("{} are copied to the target", shadow::words(record.shadow)),
        );
    }
    let most = traffic
        .held_max
        .map_or_else(String::new, |most| format!(" of at most {}", count(most)));
    line("held", &format!("{} requests{most}", count(*held)));
    line("isolates", &isolates(traffic, record.phase));
    line("Worker", &worker(traffic));
    text
}

/// Who owns writes, and where a pause stands.
pub(super) fn headline(record: &LaneRecord, now: UnixMillis) -> String {
    let writer = record.writer;
    let hold_at = record.hold_at_ms.unwrap_or(now);
    let left = record.hold_deadline_ms.unwrap_or(now).since(now);
    match record.phase {
        Phase::ServeSource | Phase::ServeTarget => format!("The {writer} owns writes."),
        Phase::Armed if now < hold_at => format!(
            "The {writer} owns writes. They are held in {}.",
            duration(hold_at.since(now))
        ),
        Phase::Armed | Phase::Hold => format!(
            "The {writer} owns writes. They are held since {}; without a commit the lane aborts in {}.",
            duration(now.since(hold_at)),
            duration(left)
        ),
        Phase::Committed => format!("The {writer} owns writes. They are held until its database is open."),
        Phase::Aborting => {
            format!("The {writer} keeps the writes. They are held until its database is unlocked.")
        }
    }
}

/// Which build of the Worker serves.
fn worker(traffic: &Traffic) -> String {
    match (traffic.builds, traffic.build) {
        (1, Some(build)) => format!("build {build}"),
        (0 | 1, _) => "build unknown".to_owned(),
        (builds, _) => format!("{builds} builds: a deployment is under way, and no cutover can be announced"),
    }
}

fn writes(traffic: &Traffic) -> String {
    let mut text = format!("{} in flight", count(traffic.in_flight.into()));
    if traffic.in_flight > 0 {
        let _ = write!(text, ", the oldest for {}", duration(traffic.oldest_ms));
    }
    if let Some(p95) = traffic.recent_p95_ms {
        let _ = write!(
            text,
            "; {} a second over the last 30 s, 95 of 100 within {}",
            count(traffic.writes_per_s),
            duration(p95)
        );
    }
    text
}

/// Which reads the target answers before the cutover.
fn target_reads(reads: &TargetReads, record: &LaneRecord, now: UnixMillis) -> String {
    let from = match record.shared_reads() {
        None => "; held now".to_owned(),
        Some(_) if now < reads.from_ms => format!(", beginning in {}", duration(reads.from_ms.since(now))),
        Some(_) => String::new(),
    };
    format!(
        "{} of the keys from the target{from}; {} from the writer after a write",
        reads.percent,
        duration(reads.pin_ms)
    )
}

fn isolates(traffic: &Traffic, phase: Phase) -> String {
    let mut text = format!("{} with a lease", count(traffic.isolates.into()));
    if !phase.is_serving() {
        let _ = write!(text, ", {} may still forward writes", count(traffic.open.into()));
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use crossover_core::{Millis, routing::Side};

    use super::*;

    pub const NOW: UnixMillis = UnixMillis(1_000_000);

    pub fn lane(phase: Phase) -> LaneAtEdge {
        LaneAtEdge {
            record: LaneRecord {
                phase,
                run_id: Some("shop-1".to_owned()),
                hold_at_ms: Some(NOW + Millis(400)),
                hold_deadline_ms: Some(NOW + Millis(8_400)),
                towards: Some(Side::Target),
                ..LaneRecord::new("main")
            },
            traffic: Traffic {
                isolates: 2,
                open: 1,
                in_flight: 41,
                oldest_ms: Millis(12),
                writes_per_s: 196,
                recent_p95_ms: Some(Millis(14)),
                held_max: Some(2_000),
                ..Traffic::default()
            },
            held: 3,
        }
    }

    #[test]
    fn an_announced_pause_and_the_writes_in_flight_are_told() {
        let text = text(&lane(Phase::Armed), NOW);
        for words in [
            "The source owns writes. They are held in 400 ms.",
            "main, phase armed, epoch 1",
            "41 in flight, the oldest for 12 ms; 196 a second over the last 30 s, 95 of 100 within 14 ms",
            "3 requests of at most 2,000",
            "2 with a lease, 1 may still forward writes",
        ] {
            assert!(text.contains(words), "{words} is not in\n{text}");
        }
    }

    #[test]
    fn a_pause_under_way_says_when_the_lane_aborts() {
        let record = lane(Phase::Hold).record;
        let told = headline(&record, NOW + Millis(1_400));
        assert_eq!(
            told,
            "The source owns writes. They are held since 1.00 s; without a commit the lane aborts in 7.00 s."
        );
    }

    #[test]
    fn a_lane_that_does_not_serve_everything_says_so() {
        let mut lane = lane(Phase::ServeSource);
        assert!(!text(&lane, NOW).contains("serves"));
        lane.record.mode = Mode::ReadOnly;
        assert!(text(&lane, NOW).contains("  serves    reads only\n"));
    }

    #[test]
    fn a_share_of_reads_is_told_where_one_is_set() {
        let mut lane = lane(Phase::ServeSource);
        assert!(!text(&lane, NOW).contains("reads"));
        lane.record.target_reads = Some(TargetReads {
            percent: 12.5.try_into().unwrap(),
            pin_ms: Millis(30_000),
            from_ms: NOW,
        });
        let told = text(&lane, NOW);
        let line = "  reads     12.5 % of the keys from the target; 30.0 s from the writer after a write\n";
        assert!(told.contains(line), "{told}");
        let earlier = text(&lane, NOW - Millis(5_000));
        assert!(
            earlier.contains("from the target, beginning in 5.00 s; "),
            "{earlier}"
        );
        lane.record.phase = Phase::Hold;
        let told = text(&lane, NOW);
        assert!(told.contains("from the target; held now; "), "{told}");
    }

    #[test]
    fn a_lane_that_serves_says_nothing_of_a_pause() {
        let text = text(&lane(Phase::ServeTarget), NOW);
        assert!(
            text.starts_with("The source owns writes.\n") && text.contains("isolates  2 with a lease\n"),
            "{text}"
        );
    }
}
