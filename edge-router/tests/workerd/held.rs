use crossover_routing::{HeldWrites, Side};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::edge::{Edge, header};

#[tokio::test]
async fn a_write_held_for_too_long_is_given_up_and_the_answer_says_it_did_not_run() {
    let edge = Edge::start_with(&[("HOLD_MAX_MS", "300")]).await;
    edge.armed_and_held(Side::Target).await;
    let answer = edge.post("/orders", "w").send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(header(&answer, "x-crossover-executed"), Some("no"));
    assert!(header(&answer, "retry-after").is_some());
    assert!(answer.text().await.unwrap().contains("held_too_long"));
    edge.until_held(0).await;
    edge.commit().await;
    edge.release().await;
    // The first write, if it had been forwarded, would have arrived before this second one.
    assert_eq!(edge.post("/orders", "next").send().await.unwrap().status(), 200);
    assert_eq!(edge.target.writes(), ["next"]);
    assert!(edge.source.writes().is_empty());
}

#[tokio::test]
async fn a_cutover_may_hold_only_writes_that_can_be_sent_again() {
    let edge = Edge::start().await;
    edge.arm_holding(Side::Target, 20_000, HeldWrites::Keyed).await;
    edge.until_hold_at().await;
    edge.hold().await;
    let keyed = edge.post("/orders", "keyed").header("idempotency-key", "4711");
    let keyed = tokio::spawn(async move { keyed.send().await.unwrap() });
    edge.until_held(1).await;
    let answer = edge.post("/orders", "bare").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "x-crossover-executed")),
        (503, Some("no"))
    );
    assert!(header(&answer, "retry-after").is_some());
    assert!(answer.text().await.unwrap().contains("not_held"));
    edge.commit().await;
    assert!(edge.release().await.hold == HeldWrites::All);
    assert_eq!(keyed.await.unwrap().status(), 200);
    assert_eq!(edge.post("/orders", "after").send().await.unwrap().status(), 200);
    assert_eq!(edge.target.writes(), ["after", "keyed"]);
    assert!(edge.source.writes().is_empty());
}

#[tokio::test]
async fn writes_beyond_the_limit_of_held_writes_are_refused_at_once() {
    let edge = Edge::start_with(&[("HELD_MAX", "3")]).await;
    edge.armed_and_held(Side::Target).await;
    let held: Vec<_> = ["a", "b", "c"].iter().map(|body| edge.write(body)).collect();
    edge.until_held(3).await;
    // lag-wait reads the limit, and waits when the load would exceed it.
    assert_eq!(edge.admin.traffic().await.unwrap().held_max, Some(3));
    let answer = edge.post("/orders", "d").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "x-crossover-executed")),
        (503, Some("no"))
    );
    assert!(answer.text().await.unwrap().contains("too_many_held"));
    edge.abort().await;
    edge.release().await;
    for answer in futures::future::join_all(held).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    assert_eq!(edge.source.writes(), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_request_whose_client_leaves_while_held_is_not_forwarded_and_frees_its_slot() {
    let edge = Edge::start().await;
    edge.armed_and_held(Side::Target).await;
    let mut gone = TcpStream::connect(edge.address).await.unwrap();
    let request = "POST /orders HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 4\r\n\r\ngone";
    gone.write_all(request.as_bytes()).await.unwrap();
    let stays = edge.write("stays");
    edge.until_held(2).await;
    // workerd detects a reset, as Cloudflare detects any disconnect; workerd takes a mere FIN for a
    // half-closed connection.
    gone.set_zero_linger().unwrap();
    drop(gone);
    edge.until_held(1).await;
    edge.commit().await;
    edge.release().await;
    assert_eq!(stays.await.unwrap().status(), 200);
    assert_eq!(edge.post("/orders", "later").send().await.unwrap().status(), 200);
    assert_eq!(edge.target.writes(), ["later", "stays"]);
    assert!(edge.source.writes().is_empty());
}

#[tokio::test]
async fn the_body_of_a_held_write_arrives_complete() {
    let edge = Edge::start().await;
    edge.armed_and_held(Side::Target).await;
    let body = "x".repeat(3 * 1024 * 1024);
    let write = edge.write(&body);
    edge.until_held(1).await;
    edge.commit().await;
    edge.release().await;
    assert_eq!(write.await.unwrap().status(), 200);
    assert_eq!(edge.target.writes(), [body]);
}

#[tokio::test]
async fn a_crash_of_workerd_loses_held_writes_without_forwarding_them() {
    // workerd dies with the writes it holds: their clients see a broken connection, and no held write was
    // forwarded.
    let mut edge = Edge::start().await;
    edge.armed_and_held(Side::Target).await;
    let request = edge.post("/orders", "lost");
    let write = tokio::spawn(async move { request.send().await });
    edge.until_held(1).await;
    edge.restart().await;
    assert!(write.await.unwrap().is_err());
    edge.commit().await;
    edge.release().await;
    assert_eq!(edge.post("/orders", "next").send().await.unwrap().status(), 200);
    assert_eq!(edge.target.writes(), ["next"]);
    assert!(edge.source.writes().is_empty());
}
