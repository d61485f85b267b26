use crossover_routing::Side;

use reqwest::Response;

use crate::edge::{Edge, ORIGIN, header, until};

/// A read that reaches the source before the hold and is answered with `status` during it.
async fn read_across_the_hold(edge: &Edge, status: u16) -> tokio::task::JoinHandle<Response> {
    edge.arm(Side::Target, 20_000).await;
    // This isolate learns of the cutover.
    edge.until_known().await;
    edge.source.delay_answers();
    let request = edge.get("/orders");
    let read = tokio::spawn(async move { request.send().await.unwrap() });
    edge.source.until_seen(|seen| seen.target == "/orders").await;
    edge.until_hold_at().await;
    edge.hold().await;
    edge.source.answer_with(status);
    edge.source.answer_now();
    edge.until_held(1).await;
    read
}

#[tokio::test]
async fn a_read_refused_by_the_locked_source_waits_and_is_answered_by_the_target() {
    // Not every application answers 503 when its session is ended.
    for status in [503, 500] {
        let edge = Edge::start().await;
        let read = read_across_the_hold(&edge, status).await;
        edge.commit().await;
        edge.release().await;
        let answer = read.await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), header(&answer, ORIGIN)),
            (200, Some("target"))
        );
        assert!(header(&answer, "x-crossover-held-ms").is_some());
        assert_eq!(answer.text().await.unwrap(), "target");
    }
}

#[tokio::test]
async fn a_read_refused_by_the_locked_source_is_answered_by_it_after_an_abort() {
    let edge = Edge::start().await;
    let read = read_across_the_hold(&edge, 503).await;
    edge.abort().await;
    edge.source.answer_with(200);
    edge.release().await;
    assert_eq!(header(&read.await.unwrap(), ORIGIN), Some("source"));
}

#[tokio::test]
async fn a_read_after_the_commit_waits_for_the_target_to_open() {
    let edge = Edge::start().await;
    edge.armed_and_held(Side::Target).await;
    edge.commit().await;
    // Until the isolate's lease has ended the read may still be answered by the source; after that it waits.
    let read = until("a read that waits", async || {
        let request = edge.get("/orders");
        let mut read = tokio::spawn(async move { request.send().await.unwrap() });
        tokio::select! {
            _ = &mut read => None,
            () = edge.until_held(1) => Some(read),
        }
    })
    .await;
    edge.release().await;
    assert_eq!(header(&read.await.unwrap(), ORIGIN), Some("target"));
}

#[tokio::test]
async fn a_failing_read_outside_a_cutover_is_sent_once_and_its_failure_returned() {
    let edge = Edge::start().await;
    for status in [500, 502, 503, 504, 404] {
        edge.source.answer_with(status);
        let answer = edge.get("/orders").send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), header(&answer, ORIGIN)),
            (status, Some("source"))
        );
    }
    assert_eq!(edge.source.seen().len(), 5);
    assert!(edge.target.seen().is_empty());
}

#[tokio::test]
async fn a_failing_read_is_sent_to_the_new_writer_although_the_lease_names_the_old_one() {
    let edge = Edge::start().await;
    edge.armed_and_held(Side::Target).await;
    edge.commit().await;
    edge.source.answer_with(503);
    edge.release().await;
    // After a failure the lane's record decides, whatever this isolate's lease says.
    let answer = edge.get("/orders").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, ORIGIN)),
        (200, Some("target"))
    );
}

#[tokio::test]
async fn a_failing_write_is_never_sent_twice() {
    let edge = Edge::start().await;
    edge.source.answer_with(503);
    let answer = edge.post("/orders", "w").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, ORIGIN)),
        (503, Some("source"))
    );
    // Only the origin knows whether it executed the failed request; the client receives that information.
    assert_eq!(header(&answer, "x-crossover-executed"), Some("unknown"));
    assert_eq!(edge.source.writes(), ["w"]);
    assert!(edge.target.seen().is_empty());
}
