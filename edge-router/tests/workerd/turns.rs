//! After a release held requests go on in turns.

use crossover_routing::Side;
use futures::future::join_all;

use crate::edge::Edge;
use crate::origin::Seen;

/// Far longer than a test takes: nobody goes because its time is over.
const PATIENT: (&str, &str) = ("TURN_MAX_MS", "60000");

fn body(seen: &Seen) -> String {
    String::from_utf8(seen.body.to_vec()).unwrap()
}

#[tokio::test]
async fn held_writes_go_on_two_at_a_time_at_first_and_newer_ones_behind_them() {
    let edge = Edge::start_with(&[PATIENT]).await;
    edge.armed_and_held(Side::Target).await;
    let mut writes = Vec::new();
    for number in 1..=10 {
        writes.push(edge.write(&format!("held {number}")));
        edge.until_held(number).await;
    }
    edge.target.delay_answers();
    edge.commit().await;
    edge.release().await;
    edge.target.until_seen(|seen| body(seen) == "held 2").await;
    // All are released, so eight wait in the isolate.
    edge.until_held(0).await;
    writes.push(edge.write("newer"));
    // Answered by the isolate that would send the others on.
    for _ in 0..20 {
        edge.get("/__crossover/healthz").send().await.unwrap();
    }
    assert_eq!(edge.target.writes(), ["held 1", "held 2"]);
    edge.target.answer_now();
    for answer in join_all(writes).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    let seen: Vec<String> = edge.target.seen().iter().map(body).collect();
    assert_eq!(seen.len(), 11);
    assert!(seen[8..].contains(&"newer".to_owned()), "{seen:?}");
    // With nobody left to wait for, requests are direct again.
    assert_eq!(edge.post("/orders", "direct").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn nobody_waits_for_a_turn_longer_than_permitted() {
    let edge = Edge::start_with(&[("TURN_MAX_MS", "1")]).await;
    edge.armed_and_held(Side::Target).await;
    let bodies: Vec<String> = (10..30).map(|number| format!("held {number}")).collect();
    let writes: Vec<_> = bodies.iter().map(|body| edge.write(body)).collect();
    edge.until_held(20).await;
    // An origin that answers nobody: the first two give their places back to nobody.
    edge.source.delay_answers();
    edge.abort().await;
    edge.release().await;
    edge.source.until_seen(|_| edge.source.writes() == bodies).await;
    edge.source.answer_now();
    for answer in join_all(writes).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
}
