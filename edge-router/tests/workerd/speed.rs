//! Latency that the edge adds to a request. Printed without an assertion: run with `--ignored --nocapture`.

use std::time::{Duration, Instant};

use crate::edge::Edge;

const ROUNDS: usize = 3_000;

#[tokio::test]
#[ignore = "a measurement, not a test: cargo test -p edge-router --test workerd speed -- --ignored --nocapture"]
async fn added_latency_per_request() {
    let edge = Edge::start().await;
    for (name, base) in [
        ("direct", edge.source.url.clone()),
        ("through the edge", edge.url.clone()),
    ] {
        for method in [reqwest::Method::GET, reqwest::Method::POST] {
            let mut taken = Vec::with_capacity(ROUNDS);
            for round in 0..ROUNDS + 300 {
                let began = Instant::now();
                let request = edge.client.request(method.clone(), format!("{base}/orders"));
                request
                    .body(if method == "POST" { "x" } else { "" })
                    .send()
                    .await
                    .unwrap()
                    .bytes()
                    .await
                    .unwrap();
                if round >= 300 {
                    taken.push(began.elapsed());
                }
            }
            taken.sort();
            let at = |share: f64| ms(taken[(ROUNDS as f64 * share) as usize]);
            println!(
                "{name:>16} {method:>4}: p50 {:.2} ms, p99 {:.2} ms",
                at(0.5),
                at(0.99)
            );
        }
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
