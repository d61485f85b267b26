use crossover_routing::{Command, Mode};
use reqwest::{Response, StatusCode};

use crate::edge::{Edge, header};

async fn set(edge: &Edge, mode: Mode) {
    edge.apply(Command::SetMode { mode }).await.unwrap();
    edge.until_known().await;
}

async fn refused_as(answer: Response, error: &str) {
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&answer, "x-crossover-executed"), Some("no"));
    assert!(header(&answer, "retry-after").is_some());
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["error"], error);
}

#[tokio::test]
async fn a_read_only_lane_refuses_writes_and_answers_reads() {
    let edge = Edge::start().await;
    set(&edge, Mode::ReadOnly).await;
    refused_as(edge.post("/orders", "w").send().await.unwrap(), "read_only").await;
    assert_eq!(edge.get("/orders").send().await.unwrap().status(), StatusCode::OK);
    assert!(edge.source.writes().is_empty());
    set(&edge, Mode::Normal).await;
    assert_eq!(
        edge.post("/orders", "w").send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_lane_sheds_the_share_of_requests_that_it_is_told_to() {
    let edge = Edge::start().await;
    // An isolate that sheds everything shows its epoch to nobody, so begin with a share.
    set(&edge, Mode::Shed(50.0.try_into().unwrap())).await;
    let mut served = 0;
    for _ in 0..200 {
        let answer = edge.get("/orders").send().await.unwrap();
        if answer.status() == StatusCode::OK {
            served += 1;
        } else {
            refused_as(answer, "shed").await;
        }
    }
    // 200 draws of one half are outside of this range once in 10^12 runs.
    assert!((50..150).contains(&served), "{served} of 200 served");
}
