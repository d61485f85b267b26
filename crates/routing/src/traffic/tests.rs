use proptest::prelude::*;

use super::*;
use crate::lane::{ARMED_LEASE, Command, HeldWrites, Side};

const START: UnixMillis = UnixMillis(1_000_000);
const HOLD_AT: UnixMillis = UnixMillis(1_010_000);

fn armed() -> LaneRecord {
    let arm = Command::Arm {
        run_id: "run-1".to_owned(),
        towards: Side::Target,
        hold_at_ms: HOLD_AT,
        hold_deadline_ms: HOLD_AT + Millis(10_000),
        hold: HeldWrites::All,
    };
    LaneRecord::new("main").next(&arm, START).unwrap()
}

fn held() -> LaneRecord {
    let run_id = "run-1".to_owned();
    armed().next(&Command::Hold { run_id }, HOLD_AT).unwrap()
}

fn report(isolate: u64, number: u64, in_flight: u32, holds: Option<Epoch>) -> Report {
    Report {
        isolate: IsolateId(isolate),
        number,
        in_flight,
        oldest_ms: Millis(u64::from(in_flight)),
        holds,
        recent: WriteTimes::default(),
        recent_over: Millis(0),
        build: Some(BuildId(1)),
    }
}

/// A lane that is old enough to know every isolate.
fn barrier() -> Barrier {
    Barrier::new(UnixMillis(0))
}

/// Hears a report and issues a lease as the lane does.
fn renew(barrier: &mut Barrier, report: &Report, record: &LaneRecord, now: UnixMillis) {
    barrier.hear(report, now);
    barrier.lease(report.isolate, now + record.lease_ttl());
}

#[test]
fn an_isolate_is_open_until_it_reports_that_it_holds() {
    let (mut barrier, record) = (barrier(), armed());
    renew(&mut barrier, &report(1, 1, 0, None), &record, HOLD_AT);
    assert_eq!(barrier.traffic(&record, HOLD_AT).open, 1);
    // A hold of an earlier run.
    barrier.hear(&report(1, 2, 0, Some(Epoch(1))), HOLD_AT);
    assert!(!barrier.traffic(&record, HOLD_AT).is_quiet());
    barrier.hear(&report(1, 3, 0, Some(record.epoch)), HOLD_AT);
    assert!(barrier.traffic(&record, HOLD_AT).is_quiet());
    assert!(barrier.traffic(&held(), HOLD_AT).is_quiet());
}

#[test]
fn builds_are_counted_while_their_isolates_have_a_lease() {
    let (mut barrier, record) = (barrier(), LaneRecord::new("main"));
    assert_eq!(barrier.builds(START), (0, None));
    renew(&mut barrier, &report(1, 1, 0, None), &record, START);
    renew(&mut barrier, &report(2, 1, 0, None), &record, START);
    assert_eq!(barrier.builds(START), (1, Some(BuildId(1))));
    // A deployment: the old isolates serve until their leases end.
    let later = START + Millis(3_000);
    let of = |build| Report {
        build,
        ..report(3, 1, 0, None)
    };
    renew(&mut barrier, &of(Some(BuildId(2))), &record, later);
    assert_eq!(barrier.builds(later), (2, None));
    let over = START + record.lease_ttl();
    assert_eq!(barrier.builds(over), (1, Some(BuildId(2))));
    // An older Worker whose reports do not say, and one whose reports are not read.
    renew(
        &mut barrier,
        &Report {
            build: None,
            ..report(4, 1, 0, None)
        },
        &record,
        over,
    );
    assert_eq!(barrier.traffic(&record, over).builds, 2);
    barrier.lease_unknown(over + Millis(1_000));
    assert_eq!(barrier.builds(over), (3, None));
    assert_eq!(barrier.builds(over + record.lease_ttl()), (0, None));
}

#[test]
fn a_report_of_an_older_worker_has_no_build() {
    let older = Report {
        build: None,
        ..report(1, 2, 3, None)
    };
    let text = older.to_string();
    assert_eq!(text.parse(), Ok(older.clone()));
    let newer = Report {
        build: Some(BuildId(0xab)),
        ..older
    };
    assert_eq!(newer.to_string(), format!("{text}.00000000000000ab"));
    assert_eq!(newer.to_string().parse(), Ok(newer));
    assert_eq!(format!("{text}.xyz").parse::<Report>(), Err(BadReport));
}

#[test]
fn an_isolate_that_never_reports_is_waited_for_until_its_lease_and_a_late_report_have_ended() {
    let (mut barrier, record) = (barrier(), armed());
    let renewed = HOLD_AT + Millis(0);
    renew(&mut barrier, &report(1, 1, 0, None), &record, renewed);
    let expected = renewed + ARMED_LEASE + REPORT_LEAD;
    assert_eq!(barrier.traffic(&record, UnixMillis(expected.0 - 1)).open, 1);
    assert_eq!(barrier.traffic(&record, expected).open, 0);
}

/// The write came when the isolate had looked whether its lease may end; its report is on the way when the hold begins.
#[test]
fn a_write_at_the_very_end_of_a_lease_before_the_hold_is_waited_for() {
    let (mut barrier, record) = (barrier(), armed());
    let renewed = UnixMillis(HOLD_AT.0 - ARMED_LEASE.0);
    renew(&mut barrier, &report(1, 1, 0, None), &record, renewed);
    assert_eq!(barrier.traffic(&record, HOLD_AT).open, 1);
    let arrives = HOLD_AT + REPORT_LEAD - Millis(1);
    assert!(!barrier.traffic(&held(), arrives).is_quiet());
    barrier.hear(&report(1, 2, 1, None), arrives);
    assert_eq!(barrier.traffic(&held(), HOLD_AT + REPORT_LEAD).in_flight, 1);
}

/// So that the drain does not wait in vain for an isolate that has nothing to say.
#[test]
fn a_lease_lapses_in_silence_only_where_the_barrier_does_not_wait_for_it() {
    let (serving, armed) = (LaneRecord::new("main"), armed());
    let lapses = |record: &LaneRecord, until: UnixMillis, any_in_flight| {
        let leased_until = until;
        let leased = LeasedLane {
            record: record.clone(),
            leased_until,
        };
        may_lapse(&leased, any_in_flight)
    };
    assert!(lapses(&serving, HOLD_AT, false) && !lapses(&serving, HOLD_AT, true));
    let early = UnixMillis(HOLD_AT.0 - REPORT_LEAD.0);
    assert!(lapses(&armed, early, false) && !lapses(&armed, early, true));
    for until in [early + Millis(1), HOLD_AT, HOLD_AT + Millis(1)] {
        assert!(!lapses(&armed, until, false), "{until}");
    }
    // Renewed when it is due, it reaches into the hold.
    let leased = LeasedLane {
        record: armed.clone(),
        leased_until: early + Millis(1),
    };
    assert!(LeasedLane::new(armed, report_due(&leased)).leased_until > HOLD_AT);
}

/// An isolate that held for one run, and got no request since, has to report again when the next run's hold begins.
#[test]
fn the_hold_of_another_run_is_news() {
    let of = |record: &LaneRecord, now| Standing::of(Some(&LeasedLane::new(record.clone(), now)), 3, now);
    let first = of(&held(), HOLD_AT);
    assert_eq!(
        first,
        of(&held(), HOLD_AT + Millis(1)),
        "the same hold is no news"
    );
    let run_id = "run-1".to_owned();
    let released = [
        Command::Abort {
            run_id: run_id.clone(),
        },
        Command::Release { run_id },
    ]
    .iter()
    .fold(held(), |record, command| record.next(command, HOLD_AT).unwrap());
    let later = UnixMillis(2 * HOLD_AT.0);
    let arm = Command::Arm {
        run_id: "run-2".to_owned(),
        towards: Side::Target,
        hold_at_ms: later,
        hold_deadline_ms: later + Millis(10_000),
        hold: HeldWrites::All,
    };
    let second = of(&released.next(&arm, HOLD_AT).unwrap(), later);
    assert!(second.holds.is_some() && second != first);
    assert_eq!(Standing::of(None, 3, later).holds, None);
}

#[test]
fn a_guard_looks_at_the_hold_or_shortly_before_the_end_of_the_lease() {
    let serving = LaneRecord::new("main");
    let due = |record: &LaneRecord, from| report_due(&LeasedLane::new(record.clone(), from));
    assert_eq!(due(&serving, START), START + SERVE_LEASE - REPORT_LEAD);
    let early = UnixMillis(HOLD_AT.0 - 2 * ARMED_LEASE.0);
    assert_eq!(due(&armed(), early), early + ARMED_LEASE - REPORT_LEAD);
    assert_eq!(due(&armed(), UnixMillis(HOLD_AT.0 - 500)), HOLD_AT);
}

#[test]
fn an_isolate_whose_lease_ended_before_the_hold_is_not_waited_for_but_its_writes_are() {
    let (mut barrier, record) = (barrier(), armed());
    renew(
        &mut barrier,
        &report(1, 1, 0, None),
        &record,
        UnixMillis(HOLD_AT.0 - ARMED_LEASE.0 - REPORT_LEAD.0),
    );
    assert!(barrier.traffic(&record, HOLD_AT).is_quiet());
    barrier.hear(&report(1, 2, 3, None), HOLD_AT);
    let traffic = barrier.traffic(&record, HOLD_AT + Millis(50));
    assert_eq!(
        (traffic.open, traffic.in_flight, traffic.oldest_ms),
        (0, 3, Millis(53))
    );
}

#[test]
fn the_reported_age_of_a_write_grows_with_the_next_report_only() {
    let (mut barrier, record) = (barrier(), LaneRecord::new("main"));
    renew(&mut barrier, &report(1, 1, 3, None), &record, START);
    let ages = |barrier: &Barrier, at| {
        let traffic = barrier.traffic(&record, at);
        (traffic.oldest_ms, traffic.reported_oldest_ms)
    };
    assert_eq!(ages(&barrier, START + Millis(2_400)), (Millis(2_403), Millis(3)));
    let stuck = Report {
        oldest_ms: Millis(2_503),
        ..report(1, 2, 1, None)
    };
    barrier.hear(&stuck, START + Millis(2_500));
    assert_eq!(
        ages(&barrier, START + Millis(2_500)),
        (Millis(2_503), Millis(2_503))
    );
    barrier.hear(&report(1, 3, 0, None), START + Millis(5_000));
    assert_eq!(ages(&barrier, START + Millis(5_000)), (Millis(0), Millis(0)));
}

#[test]
fn a_lane_that_has_just_started_does_not_know_its_isolates() {
    let barrier = Barrier::new(HOLD_AT);
    // Whoever has a lease of an earlier instance may use it to its end, and then report.
    let known = HOLD_AT + SERVE_LEASE + REPORT_LEAD;
    assert_eq!(barrier.traffic(&held(), UnixMillis(known.0 - 1)).open, 1);
    assert!(barrier.traffic(&held(), known).is_quiet());
}

#[test]
fn an_isolate_that_does_not_report_keeps_the_lane_open_as_long_as_it_has_a_lease() {
    let mut barrier = barrier();
    barrier.lease_unknown(HOLD_AT + ARMED_LEASE);
    assert_eq!(barrier.traffic(&held(), HOLD_AT + Millis(999)).open, 1);
    assert!(barrier.traffic(&held(), HOLD_AT + ARMED_LEASE).is_quiet());
}

#[test]
fn while_a_side_serves_every_isolate_with_a_lease_is_open() {
    let (mut barrier, record) = (barrier(), LaneRecord::new("main"));
    renew(&mut barrier, &report(1, 1, 2, None), &record, START);
    renew(&mut barrier, &report(2, 1, 0, None), &record, START);
    let traffic = barrier.traffic(&record, START + Millis(10));
    assert_eq!((traffic.isolates, traffic.open, traffic.in_flight), (2, 2, 2));
    assert_eq!(barrier.traffic(&record, START + SERVE_LEASE).open, 0);
}

#[test]
fn an_isolate_that_ended_is_forgotten_after_its_origin_must_have_answered() {
    let (mut barrier, record) = (barrier(), held());
    barrier.hear(&report(1, 1, 5, None), START);
    barrier.hear(&report(2, 1, 0, None), START + Millis(119_999));
    assert_eq!(barrier.traffic(&record, START + Millis(119_999)).in_flight, 5);
    barrier.hear(&report(2, 2, 0, None), START + FORGET_AFTER);
    assert_eq!(barrier.traffic(&record, START + FORGET_AFTER).in_flight, 0);
}

#[test]
fn traffic_says_what_is_missing() {
    let traffic = Traffic {
        open: 1,
        in_flight: 12,
        oldest_ms: Millis(1_834),
        ..Traffic::default()
    };
    assert_eq!(
        traffic.to_string(),
        "12 write(s) at the edge without an answer, the oldest for 1834 ms, and 1 isolate(s) of the edge have not reported"
    );
}

#[test]
fn the_rate_of_a_lane_is_the_sum_over_its_isolates() {
    let (mut barrier, record) = (barrier(), armed());
    let wrote = |isolate, writes, over| {
        let mut report = report(isolate, 1, 0, None);
        for _ in 0..writes {
            report.recent.add_one(Millis(5));
        }
        report.recent_over = Millis(over);
        report
    };
    barrier.hear(&wrote(1, 200, 20_000), START);
    barrier.hear(&wrote(2, 30, 15_000), START);
    // Its first three writes in 2 ms are not 1,500 a second.
    barrier.hear(&wrote(3, 3, 2), START);
    let rate = |at| barrier.traffic(&record, at).writes_per_s;
    assert_eq!(rate(START), 10 + 2 + 3);
    assert_eq!(
        rate(START + RECENT),
        0,
        "figures of isolates that are silent do not count"
    );
}

fn any_report() -> impl Strategy<Value = Report> {
    let recent = prop::collection::vec(0u64..40_000, 0..20).prop_map(|times| {
        let mut recent = WriteTimes::default();
        for took in times {
            recent.add_one(Millis(took));
        }
        recent
    });
    (
        any::<(u64, u64, u32, u64, u64)>(),
        any::<[Option<u64>; 2]>(),
        recent,
    )
        .prop_map(
            |((isolate, number, in_flight, oldest, over), [holds, build], recent)| Report {
                isolate: IsolateId(isolate),
                number,
                in_flight,
                oldest_ms: Millis(oldest),
                holds: holds.map(Epoch),
                recent,
                recent_over: Millis(over),
                build: build.map(BuildId),
            },
        )
}

/// What happens to one isolate in a random history.
#[derive(Debug, Clone)]
enum Event {
    /// A client sends a write.
    Write,
    /// The origin answers the oldest write.
    Answer,
    /// The isolate sends a report with a renewal; it arrives after so many later events, or never.
    Report { after: Option<usize> },
    /// Time passes.
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Write),
        4 => Just(Event::Answer),
        3 => prop::option::weighted(0.8, 0usize..6).prop_map(|after| Event::Report { after }),
        3 => (1u64..400).prop_map(Event::Wait),
    ]
}

proptest! {
    #[test]
    fn a_report_survives_its_way_through_a_url(report in any_report()) {
        prop_assert_eq!(report.to_string().parse(), Ok(report));
    }

    #[test]
    fn no_text_of_a_client_is_a_fault(text in ".{0,80}") {
        let _ = text.parse::<Report>();
    }

    /// Whatever the order in which reports arrive, and however often: the newest counts.
    #[test]
    fn a_write_in_flight_is_never_forgotten_whatever_the_order_of_reports(
        counts in prop::collection::vec(0u32..50, 1..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let reports: Vec<Report> = counts
            .iter()
            .zip(1..)
            .map(|(count, number)| report(7, number, *count, Some(armed().epoch)))
            .collect();
        let mut barrier = barrier();
        let mut newest = 0;
        for index in order {
            let at = index.index(reports.len());
            newest = newest.max(at);
            barrier.hear(&reports[at], HOLD_AT);
            prop_assert_eq!(barrier.traffic(&held(), HOLD_AT).in_flight, counts[newest]);
        }
    }

    /// An isolate as the edge-router runs it: it forwards under a lease until the hold, and every write is in
    /// its reports. If the lane says that all is quiet, no write is in flight and none can follow, unless the
    /// isolate has been silent since before its lease ended.
    #[test]
    fn quiet_is_said_only_when_no_write_is_in_flight(events in prop::collection::vec(event(), 1..80)) {
        let record = armed();
        let mut barrier = barrier();
        let mut now = UnixMillis(HOLD_AT.0 - 1_500);
        let (mut in_flight, mut number, mut leased_until) = (0u32, 0, UnixMillis(0));
        let mut on_the_way: Vec<(usize, Report)> = Vec::new();
        let mut last_arrival = UnixMillis(0);
        for (step, event) in events.iter().enumerate() {
            match event {
                Event::Write if now < leased_until && !record.holds_writes(now) => in_flight += 1,
                Event::Answer => in_flight = in_flight.saturating_sub(1),
                Event::Report { after } => {
                    number += 1;
                    let holds = record.holds_writes(now).then_some(record.epoch);
                    let sent = report(1, number, in_flight, holds);
                    match after {
                        // Answered at once: the isolate has a new lease.
                        Some(0) => {
                            renew(&mut barrier, &sent, &record, now);
                            leased_until = now + record.lease_ttl();
                            last_arrival = now;
                        }
                        Some(later) => on_the_way.push((step + later, sent)),
                        None => {}
                    }
                }
                Event::Wait(millis) => now += Millis(*millis),
                Event::Write => {}
            }
            on_the_way.retain(|(due, late)| {
                if *due <= step {
                    barrier.hear(late, now);
                    last_arrival = now;
                }
                *due > step
            });
            let silent = now >= leased_until;
            if barrier.traffic(&record, now).is_quiet() && !silent && last_arrival > UnixMillis(0) {
                prop_assert_eq!(in_flight, 0, "at {} (hold at {})", now, HOLD_AT);
                prop_assert!(record.holds_writes(now));
            }
        }
    }
}
