//! Reads that are also sent to the target, while the source answers them.

use crossover_routing::Command;

use crate::edge::{ACCOUNT, Edge, ORIGIN, header, until};
use crate::metrics::{TOKEN, page, value};
use crate::origin::GZIPPED;

async fn shadowed(percent: f64) -> Edge {
    let edge = Edge::start_with(&[("METRICS_TOKEN", TOKEN)]).await;
    let percent = percent.try_into().unwrap();
    edge.apply(Command::SetShadow { percent }).await.unwrap();
    edge.until_known().await;
    edge
}

/// How many reads were compared with this outcome. Counts travel with the renewal of a lease, which a request begins; one that
/// asks for an account is copied like any other, so it goes to a path of its own.
async fn compared(edge: &Edge, outcome: &str) -> u64 {
    edge.get("/")
        .header("range", "bytes=0-")
        .header(ACCOUNT, "yes")
        .send()
        .await
        .unwrap();
    let page = page(edge).await;
    value(
        &page,
        &format!("crossover_shadow_reads_total{{lane=\"main\",outcome=\"{outcome}\"}}"),
    )
}

async fn until_compared(edge: &Edge, outcome: &str, least: u64) {
    until(&format!("{least} reads {outcome}"), async || {
        (compared(edge, outcome).await >= least).then_some(())
    })
    .await;
}

#[tokio::test]
async fn reads_are_copied_and_compared_and_the_client_gets_the_sources_answer() {
    // The answer by which the isolate was seen to know of the share is copied already: the two origins answer with their names.
    let edge = shadowed(100.0).await;
    let answer = edge.get("/orders/7?x=1").send().await.unwrap();
    assert_eq!(header(&answer, ORIGIN), Some("source"));
    assert_eq!(answer.text().await.unwrap(), "source");
    edge.target
        .until_seen(|seen| seen.target == "/orders/7?x=1" && seen.method == "GET")
        .await;
    until_compared(&edge, "different", 2).await;
    // What both answer in the same way, compressed.
    let answer = edge.get("/gzip").send().await.unwrap();
    assert_eq!(header(&answer, "content-encoding"), Some("gzip"));
    assert_eq!(&answer.bytes().await.unwrap()[..], GZIPPED);
    until_compared(&edge, "equal", 1).await;
    edge.target.answer_with(404);
    assert_eq!(edge.get("/gone").send().await.unwrap().status(), 200);
    until_compared(&edge, "different", 3).await;
}

#[tokio::test]
async fn a_target_that_does_not_answer_costs_the_client_nothing() {
    let edge = shadowed(100.0).await;
    edge.target.delay_answers();
    for _ in 0..40 {
        assert_eq!(edge.get("/orders").send().await.unwrap().status(), 200);
    }
    // No more than 16 at once are sent there.
    until_compared(&edge, "skipped", 1).await;
    edge.target.answer_now();
    until_compared(&edge, "different", 2).await;
}

#[tokio::test]
async fn what_is_no_certain_read_is_never_copied() {
    let edge = shadowed(100.0).await;
    assert_eq!(edge.post("/orders", "w").send().await.unwrap().status(), 200);
    let overridden = edge.get("/overridden").header("x-http-method-override", "DELETE");
    assert_eq!(overridden.send().await.unwrap().status(), 200);
    let partial = edge.get("/partial").header("range", "bytes=0-3");
    assert!(partial.send().await.unwrap().status().is_success());
    edge.get("/orders").send().await.unwrap();
    until_compared(&edge, "different", 2).await;
    let copied = edge.target.seen();
    assert!(
        copied
            .iter()
            .all(|seen| seen.method == "GET" && !["/overridden", "/partial"].contains(&seen.target.as_str()))
    );
}

#[tokio::test]
async fn without_a_share_the_target_gets_nothing() {
    let edge = shadowed(100.0).await;
    edge.apply(Command::SetShadow {
        percent: 0.0.try_into().unwrap(),
    })
    .await
    .unwrap();
    edge.until_known().await;
    let before = edge.target.seen().len();
    for _ in 0..20 {
        assert_eq!(edge.get("/orders").send().await.unwrap().status(), 200);
    }
    assert_eq!(edge.target.seen().len(), before);
}
