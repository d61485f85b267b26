//! What a scraper reads, and what an answer says of its own time.

use crate::edge::{ACCOUNT, Edge, header, until};
use crate::origin::Origin;

pub const TOKEN: &str = "a-token-of-at-least-32-characters";
const PATH: &str = "/__crossover/v1/metrics";

/// The page for the scraper with the token.
pub async fn page(edge: &Edge) -> String {
    let answer = edge.get(PATH).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = header(&answer, "content-type").unwrap();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.unwrap()
}

/// The value of a sample.
pub fn value(page: &str, sample: &str) -> u64 {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{sample} ")));
    line.unwrap_or_else(|| panic!("{sample} is not in\n{page}"))
        .parse()
        .unwrap()
}

fn outcome(page: &str, kind: &str, outcome: &str) -> u64 {
    let labels = format!("lane=\"main\",side=\"source\",kind=\"{kind}\",outcome=\"{outcome}\"");
    value(page, &format!("crossover_requests_total{{{labels}}}"))
}

#[tokio::test]
async fn requests_of_every_isolate_and_of_both_ways_are_counted_once() {
    let edge = Edge::start_with(&[("METRICS_TOKEN", TOKEN)]).await;
    let second = |path: &str| edge.client.get(format!("{}{path}", edge.second_url));
    // Both isolates get their lease, and so become able to serve directly.
    edge.get("/").send().await.unwrap();
    second("/").send().await.unwrap();
    for _ in 0..3 {
        assert_eq!(edge.write("direct").await.unwrap().status(), 200);
    }
    let asking = edge.post("/orders", "longer").header(ACCOUNT, "yes");
    assert_eq!(asking.send().await.unwrap().status(), 200);
    edge.source.answer_with(500);
    assert_eq!(edge.write("fails").await.unwrap().status(), 500);
    edge.source.answer_with(200);
    let mut reads = 2;
    // Counts travel with the renewal of a lease, which a request begins.
    let page = until("all writes and reads are counted", async || {
        for read in [edge.get("/"), second("/")] {
            assert_eq!(read.send().await.unwrap().status(), 200);
            reads += 1;
        }
        let page = page(&edge).await;
        let counted = outcome(&page, "read", "answered");
        assert!(
            counted <= reads,
            "{counted} of {reads} reads: none may count twice"
        );
        (outcome(&page, "write", "answered") == 4 && counted > 6).then_some(page)
    })
    .await;
    assert_eq!(outcome(&page, "write", "server_error"), 1);
    assert_eq!(outcome(&page, "write", "unreachable"), 0);
    assert_eq!(value(&page, "crossover_isolates{lane=\"main\"}"), 2);
    let count = "crossover_request_duration_seconds_count{lane=\"main\",side=\"source\",kind=\"write\"}";
    assert_eq!(value(&page, count), 5);
    assert_eq!(
        value(&page, "crossover_lane_writer{lane=\"main\",side=\"source\"}"),
        1
    );
}

#[tokio::test]
async fn only_the_token_opens_the_metrics() {
    let edge = Edge::start_with(&[("METRICS_TOKEN", TOKEN)]).await;
    for wrong in [None, Some("another-token-of-32-characters-xx"), Some("")] {
        let request = edge.get(PATH);
        let request = match wrong {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401, "{wrong:?}");
        assert!(!answer.text().await.unwrap().contains("crossover_"));
    }
    for vars in [vec![], vec![("METRICS_TOKEN", "short")]] {
        let edge = Edge::start_with(&vars).await;
        let answer = edge.get(PATH).bearer_auth("short").send().await.unwrap();
        assert_eq!(answer.status(), 503, "{vars:?}");
        assert_eq!(
            edge.get("/").send().await.unwrap().status(),
            200,
            "requests are served"
        );
    }
}

#[tokio::test]
async fn held_and_refused_requests_are_counted() {
    let edge = Edge::start_with(&[("METRICS_TOKEN", TOKEN), ("HELD_MAX", "1")]).await;
    edge.get("/").send().await.unwrap();
    edge.armed_and_held(crossover_routing::Side::Target).await;
    let held = edge.write("waits");
    edge.until_held(1).await;
    assert_eq!(
        value(&page(&edge).await, "crossover_requests_held{lane=\"main\"}"),
        1
    );
    assert_eq!(edge.write("one too many").await.unwrap().status(), 503);
    edge.abort().await;
    edge.release().await;
    assert_eq!(held.await.unwrap().status(), 200);
    until("the held and the refused one are counted", async || {
        edge.get("/").send().await.unwrap();
        let page = page(&edge).await;
        let held = value(&page, "crossover_requests_held_total{lane=\"main\"}");
        (held == 2 && value(&page, "crossover_requests_refused_total{lane=\"main\"}") == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_says_how_long_the_edge_and_the_origin_took_where_it_is_asked() {
    let edge = Edge::start().await;
    let answer = edge.get("/").header(ACCOUNT, "yes").send().await.unwrap();
    let timing = header(&answer, "server-timing").unwrap();
    let [edge_took, origin_took] = ["edge;dur=", "origin;dur="].map(|name| {
        let part = timing.split(", ").find_map(|part| part.strip_prefix(name));
        part.unwrap_or_else(|| panic!("{name} in {timing}"))
            .parse::<u64>()
            .unwrap()
    });
    assert!(
        edge_took < 40_000 && origin_took < 40_000,
        "milliseconds, not times of day: {timing}"
    );
    let plain = edge.get("/").send().await.unwrap();
    assert_eq!(header(&plain, "server-timing"), None);
}

/// A text of a point: workerd writes its bytes as numbers.
fn text(point: &serde_json::Value, column: &str) -> String {
    let bytes = point[column].as_array().unwrap().iter();
    bytes
        .map(|byte| char::from(byte.as_u64().unwrap() as u8))
        .collect()
}

#[tokio::test]
async fn points_of_each_kind_of_request_go_to_the_dataset() {
    let dataset = Origin::start("points").await;
    let edge = Edge::start_with_points(&dataset).await;
    edge.get("/").send().await.unwrap();
    assert_eq!(edge.write("w").await.unwrap().status(), 200);
    // Points are written with the renewal of a lease, which a request begins.
    let (reads, writes) = until("points of reads and of writes", async || {
        edge.get("/").send().await.unwrap();
        let points: Vec<serde_json::Value> = dataset
            .seen()
            .iter()
            .map(|seen| serde_json::from_slice(&seen.body).unwrap())
            .collect();
        let of = |kind: &str| {
            let named = ["index1", "blob1", "blob2", "blob3"];
            let own = points
                .iter()
                .filter(|point| named.map(|column| text(point, column)) == ["main", "main", "source", kind]);
            own.map(|point| point["double1"].as_u64().unwrap()).sum::<u64>()
        };
        (of("write") > 0).then_some((of("read"), of("write")))
    })
    .await;
    assert_eq!(writes, 1);
    assert!(
        reads > 0 && reads <= edge.source.seen().len() as u64,
        "none may count twice: {reads}"
    );
}
