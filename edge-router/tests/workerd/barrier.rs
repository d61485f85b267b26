//! The write barrier in real isolates: quiet is said only when every forwarded write is answered.

use crossover_edge_admin::EdgeError;
use crossover_routing::{
    BuildId, Command, HeldWrites, IsolateId, Millis, Report, Side, UnixMillis, WriteTimes,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::edge::{Edge, ORIGIN, build, header, now, until};

/// An edge whose source has one unanswered write, sent before the lane was armed, and holds since.
async fn held_with_a_write_in_flight() -> (Edge, tokio::task::JoinHandle<reqwest::Response>) {
    let edge = Edge::start().await;
    edge.source.delay_answers();
    let write = edge.write("slow");
    edge.source.until_seen(|seen| seen.method == "POST").await;
    // No further request reaches the isolate: it learns of the hold only because it guards its lease.
    edge.armed_and_held(Side::Target).await;
    (edge, write)
}

#[tokio::test]
async fn a_write_in_flight_at_the_hold_is_known_until_its_answer_although_its_isolate_gets_no_request() {
    let (edge, write) = held_with_a_write_in_flight().await;
    edge.until_in_flight(1).await;
    let traffic = edge.admin.traffic().await.unwrap();
    assert!(!traffic.is_quiet() && traffic.open == 0, "{traffic:?}");
    assert!(traffic.oldest_ms > Millis(5_000), "{traffic:?}");
    edge.source.answer_now();
    edge.until_quiet().await;
    assert_eq!(write.await.unwrap().status(), 200);
    assert_eq!(edge.source.writes(), ["slow"]);
}

#[tokio::test]
async fn both_isolates_have_to_report_and_each_write_counts_where_it_was_forwarded() {
    let edge = Edge::start().await;
    let second = |path: &str| {
        edge.client
            .post(format!("{}{path}", edge.second_url))
            .body("second")
    };
    edge.source.delay_answers();
    let first = edge.write("first");
    let other = tokio::spawn(second("/orders").send());
    until("both writes at the origin", async || {
        (edge.source.writes().len() == 2).then_some(())
    })
    .await;
    edge.armed_and_held(Side::Target).await;
    edge.until_in_flight(2).await;
    assert_eq!(edge.admin.traffic().await.unwrap().isolates, 2);
    // Both isolates hold.
    let held = tokio::spawn(second("/orders").send());
    edge.until_held(1).await;
    edge.source.answer_now();
    edge.until_quiet().await;
    edge.commit().await;
    edge.release().await;
    let held = held.await.unwrap().unwrap();
    assert_eq!(header(&held, ORIGIN), Some("target"));
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(other.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_write_whose_client_has_left_counts_until_the_origin_answers() {
    let edge = Edge::start().await;
    edge.source.delay_answers();
    let mut client = TcpStream::connect(edge.address).await.unwrap();
    let request = "POST /orders HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 4\r\n\r\ngone";
    client.write_all(request.as_bytes()).await.unwrap();
    edge.source.until_seen(|seen| seen.method == "POST").await;
    client.set_zero_linger().unwrap();
    drop(client);
    edge.armed_and_held(Side::Target).await;
    edge.until_in_flight(1).await;
    edge.source.answer_now();
    edge.until_quiet().await;
}

#[tokio::test]
async fn an_upload_that_is_still_streaming_counts_as_in_flight() {
    let edge = Edge::start().await;
    let mut arrived = edge.source.arrived();
    let mut client = TcpStream::connect(edge.address).await.unwrap();
    let head =
        "POST /orders HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    arrived.wait_for(|bytes| *bytes == 4).await.unwrap();
    edge.armed_and_held(Side::Target).await;
    edge.until_in_flight(1).await;
    client.write_all(b"3\r\nend\r\n0\r\n\r\n").await.unwrap();
    edge.until_quiet().await;
    assert_eq!(edge.source.writes(), ["partend"]);
}

#[tokio::test]
async fn a_lane_that_restarts_under_the_hold_does_not_say_quiet_before_every_old_lease_has_ended() {
    let (mut edge, write) = held_with_a_write_in_flight().await;
    edge.until_in_flight(1).await;
    let restarted = now();
    edge.restart().await;
    let traffic = edge.admin.traffic().await.unwrap();
    assert!(traffic.open > 0, "{traffic:?}");
    edge.until_quiet().await;
    assert!(now().since(restarted) >= Millis(5_000), "one lease");
    // The write died with its isolate.
    write.abort();
}

/// The first report of an isolate that the test plays.
fn report_of(isolate: u64, in_flight: u32) -> Report {
    Report {
        isolate: IsolateId(isolate),
        number: 1,
        in_flight,
        oldest_ms: Millis(20),
        holds: None,
        recent: WriteTimes::default(),
        recent_over: Millis(0),
        build: Some(build()),
    }
}

#[tokio::test]
async fn no_cutover_is_announced_while_two_versions_of_the_worker_serve() {
    let edge = Edge::start().await;
    edge.get("/").send().await.unwrap();
    let traffic = edge.admin.traffic().await.unwrap();
    assert_eq!((traffic.builds, traffic.build), (1, Some(build())));
    edge.report(&Report {
        build: Some(BuildId(build().0 ^ 1)),
        ..report_of(7, 0)
    })
    .await;
    let traffic = edge.admin.traffic().await.unwrap();
    assert_eq!((traffic.builds, traffic.build), (2, None));
    let record = edge.admin.read().await.unwrap();
    let arm = || Command::Arm {
        run_id: "during-a-deployment".to_owned(),
        towards: Side::Target,
        hold_at_ms: now() + Millis(8_000),
        hold_deadline_ms: now() + Millis(18_000),
        hold: HeldWrites::All,
    };
    match edge.admin.apply(record.epoch, arm()).await {
        Err(EdgeError::Refused { name, .. }) => assert_eq!(name, "two_versions"),
        other => panic!("{other:?}"),
    }
    // The old version's lease ends, and the deployment with it.
    until("one version", async || {
        edge.get("/").send().await.unwrap();
        (edge.admin.traffic().await.unwrap().builds == 1).then_some(())
    })
    .await;
    edge.admin.apply(record.epoch, arm()).await.unwrap();
}

#[tokio::test]
async fn the_writes_of_an_isolate_that_has_died_are_not_forgotten_and_the_run_can_only_abort() {
    let edge = Edge::start().await;
    edge.report(&report_of(7, 2)).await;
    // Nothing is heard of it from here on.
    edge.armed_and_held(Side::Target).await;
    let traffic = until("every other isolate has reported", async || {
        let traffic = edge.admin.traffic().await.unwrap();
        (traffic.open == 0).then_some(traffic)
    })
    .await;
    assert_eq!(traffic.in_flight, 2, "{traffic:?}");
    assert!(
        !traffic.is_quiet() && traffic.oldest_ms > Millis(5_000),
        "{traffic:?}"
    );
    edge.abort().await;
    edge.release().await;
    let after = edge.post("/orders", "after").send().await.unwrap();
    assert_eq!(header(&after, ORIGIN), Some("source"));
}

#[tokio::test]
async fn an_isolate_that_dies_with_a_lease_counts_as_open_until_its_lease_has_ended() {
    let edge = Edge::start().await;
    let armed = edge.arm(Side::Target, 20_000).await;
    // The lease of an armed lane is one second: this one reaches into the hold.
    let just_before = UnixMillis(armed.hold_at_ms.unwrap().0 - 200);
    until("just before the hold", async || {
        (now() >= just_before).then_some(())
    })
    .await;
    let leased = now();
    edge.report(&report_of(7, 0)).await;
    edge.until_hold_at().await;
    edge.hold().await;
    edge.until_quiet().await;
    assert!(now().since(leased) >= Millis(1_000), "it could still forward");
}

#[tokio::test]
async fn an_origin_that_breaks_the_connection_ends_the_write() {
    let edge = Edge::start_with(&[("SOURCE_ORIGIN", "http://127.0.0.1:1")]).await;
    assert_eq!(edge.post("/orders", "lost").send().await.unwrap().status(), 502);
    edge.armed_and_held(Side::Target).await;
    edge.until_quiet().await;
}

#[tokio::test]
async fn many_writes_in_flight_are_all_answered_before_quiet_is_said() {
    let edge = Edge::start().await;
    edge.source.delay_answers();
    let writes: Vec<_> = (0..300)
        .map(|number| edge.write(&format!("write-{number:03}")))
        .collect();
    until("300 writes at the origin", async || {
        (edge.source.writes().len() == 300).then_some(())
    })
    .await;
    edge.armed_and_held(Side::Target).await;
    edge.until_in_flight(300).await;
    edge.source.answer_now();
    edge.until_quiet().await;
    for write in futures::future::join_all(writes).await {
        assert_eq!(write.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn while_a_side_serves_the_lane_knows_how_long_writes_take() {
    let edge = Edge::start().await;
    until("write times at the lane", async || {
        assert_eq!(edge.post("/orders", "w").send().await.unwrap().status(), 200);
        let traffic = edge.admin.traffic().await.unwrap();
        assert!(
            !traffic.is_quiet(),
            "an isolate with a lease may forward: {traffic:?}"
        );
        let known = traffic.recent_writes > 0 && traffic.writes_per_s > 0 && traffic.recent_p95_ms.is_some();
        known.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_websocket_is_not_opened_so_no_write_can_pass_through_one() {
    let edge = Edge::start().await;
    let answer = edge
        .get("/socket")
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .send()
        .await
        .unwrap();
    assert_ne!(answer.status(), 101);
    assert!(
        edge.source
            .seen()
            .iter()
            .all(|seen| !seen.headers.contains_key("upgrade"))
    );
}
