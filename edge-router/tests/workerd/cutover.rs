use std::time::{Duration, Instant};

use crossover_edge_admin::EdgeError;
use crossover_routing::{Command, Millis, Phase, Side};

use crate::edge::{Edge, ORIGIN, header, now, run, until};

fn bodies(count: usize) -> Vec<String> {
    let mut bodies: Vec<String> = (0..count).map(|number| format!("write-{number:04}")).collect();
    bodies.sort();
    bodies
}

#[tokio::test]
async fn held_writes_go_to_the_target_exactly_once_after_the_release() {
    let edge = Edge::start().await;
    edge.armed_and_held(Side::Target).await;
    let expected = bodies(300);
    let writes: Vec<_> = expected.iter().map(|body| edge.write(body)).collect();
    edge.until_held(300).await;
    edge.commit().await;
    assert!(
        edge.source.writes().is_empty() && edge.target.writes().is_empty(),
        "a held write was forwarded"
    );
    assert_eq!(
        edge.admin.held().await.unwrap(),
        300,
        "the commit alone releases no request"
    );

    let released = Instant::now();
    edge.release().await;
    for answer in futures::future::join_all(writes).await {
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status().as_u16(), header(&answer, ORIGIN)),
            (200, Some("target"))
        );
        assert!(header(&answer, "x-crossover-held-ms").is_some());
    }
    println!(
        "release to last of 300 answers: {} ms",
        released.elapsed().as_millis()
    );
    assert_eq!(edge.target.writes(), expected);
    assert!(edge.source.writes().is_empty());
    edge.until_held(0).await;
}

#[tokio::test]
async fn an_abort_holds_writes_until_the_release_and_sends_them_to_the_source() {
    let edge = Edge::start().await;
    edge.armed_and_held(Side::Target).await;
    let expected = bodies(20);
    let writes: Vec<_> = expected.iter().map(|body| edge.write(body)).collect();
    edge.until_held(20).await;
    assert_eq!(edge.abort().await.phase, Phase::Aborting);
    assert_eq!(
        edge.admin.held().await.unwrap(),
        20,
        "the source may still be locked"
    );
    assert_eq!(edge.release().await.phase, Phase::ServeSource);
    for answer in futures::future::join_all(writes).await {
        assert_eq!(header(&answer.unwrap(), ORIGIN), Some("source"));
    }
    assert_eq!(edge.source.writes(), expected);
    assert!(edge.target.writes().is_empty());
}

#[tokio::test]
async fn requests_pass_until_hold_at_and_are_held_from_then_on() {
    let edge = Edge::start().await;
    // The isolate has a lease from before the announcement and must still hold in time.
    assert_eq!(edge.post("/orders", "before").send().await.unwrap().status(), 200);
    let armed = edge.arm(Side::Target, 20_000).await;
    let hold_at_ms = armed.hold_at_ms.unwrap();
    let mut passed = vec!["before".to_owned()];
    while now() + Millis(200) < hold_at_ms {
        let body = format!("passed-{}", passed.len());
        let answer = edge.post("/orders", &body).send().await.unwrap();
        assert_eq!(
            header(&answer, "x-crossover-held-ms"),
            None,
            "held before hold_at_ms"
        );
        passed.push(body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until("hold_at_ms", async || (now() >= hold_at_ms).then_some(())).await;
    // Still armed: the hold begins by the isolate's clock, without any further call.
    let late = edge.write("late");
    edge.until_held(1).await;
    let read = edge.get("/orders");
    let read = tokio::spawn(async move { read.send().await.unwrap() });
    edge.until_held(2).await;
    assert_eq!(edge.source.seen().len(), passed.len());
    edge.hold().await;
    edge.commit().await;
    edge.release().await;
    assert_eq!(header(&read.await.unwrap(), ORIGIN), Some("target"));
    assert_eq!(header(&late.await.unwrap(), ORIGIN), Some("target"));
    assert_eq!(edge.target.writes(), ["late"]);
}

#[tokio::test]
async fn the_alarm_at_the_deadline_aborts_and_a_late_commit_is_refused() {
    let edge = Edge::start().await;
    let armed = edge.arm(Side::Target, 1_000).await;
    let (hold_at_ms, deadline) = (armed.hold_at_ms.unwrap(), armed.hold_deadline_ms.unwrap());
    until("hold_at_ms", async || (now() >= hold_at_ms).then_some(())).await;
    let held = edge.hold().await;
    // Any call would make the lane check the deadline: only a wait without calls shows that the alarm works
    // alone.
    tokio::time::sleep(Duration::from(deadline.since(now()) + Millis(3_000))).await;
    let woken_ms = now();
    match edge
        .admin
        .apply(held.epoch, Command::Commit { run_id: run() })
        .await
    {
        Err(EdgeError::Refused { record, .. }) => {
            assert_eq!((record.phase, record.writer), (Phase::Aborting, Side::Source));
        }
        other => panic!("a late commit: {other:?}"),
    }
    let audit = edge.admin.audit().await.unwrap();
    let last = audit.entries.last().unwrap();
    assert_eq!(last.command, Command::DeadlinePassed);
    assert!(
        last.at_ms >= deadline && last.at_ms < woken_ms,
        "aborted at {} by the call at {woken_ms}",
        last.at_ms
    );
    assert_eq!(edge.release().await.phase, Phase::ServeSource);
}

#[tokio::test]
async fn the_deadline_holds_across_a_crash_of_the_lane() {
    let mut edge = Edge::start().await;
    let armed = edge.arm(Side::Target, 1_000).await;
    edge.restart().await;
    assert_eq!(edge.admin.read().await.unwrap(), armed);
    let deadline = armed.hold_deadline_ms.unwrap();
    until("the deadline", async || (now() > deadline).then_some(())).await;
    let outcome = edge
        .admin
        .apply(armed.epoch, Command::Hold { run_id: run() })
        .await;
    assert!(matches!(outcome, Err(EdgeError::Refused { .. })), "{outcome:?}");
    assert_eq!(edge.admin.read().await.unwrap().phase, Phase::Aborting);
}

#[tokio::test]
async fn a_rollback_uses_the_same_phases_in_the_other_direction() {
    let edge = Edge::start().await;
    for (towards, name) in [(Side::Target, "target"), (Side::Source, "source")] {
        edge.armed_and_held(towards).await;
        let write = edge.write(name);
        edge.until_held(1).await;
        edge.commit().await;
        edge.release().await;
        assert_eq!(header(&write.await.unwrap(), ORIGIN), Some(name));
    }
    assert_eq!(edge.target.writes(), ["target"]);
    assert_eq!(edge.source.writes(), ["source"]);
    edge.admin.audit().await.unwrap().verify("main").unwrap();
}
