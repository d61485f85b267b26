use axum::body::Bytes;
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::edge::{ACCOUNT, Edge, ORIGIN, header};

#[tokio::test]
async fn requests_reach_the_writer_unchanged_and_answers_come_back_unchanged() {
    let edge = Edge::start().await;
    let response = edge
        .post("/orders/7?x=1&y=%20%2F", "body")
        .header("x-request-id", "abc")
        .header(ACCOUNT, "yes")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "x-crossover-side"), Some("source"));
    assert_eq!(header(&response, "x-crossover-epoch"), Some("1"));
    assert_eq!(header(&response, "x-crossover-held-ms"), None);
    assert_eq!(
        header(&response, "x-crossover-executed"),
        None,
        "an origin must not set the edge's headers"
    );
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(response.text().await.unwrap(), "source");

    let seen = edge.source.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].method.as_str(), seen[0].target.as_str()),
        ("POST", "/orders/7?x=1&y=%20%2F")
    );
    assert_eq!(seen[0].headers["x-request-id"], "abc");
    assert!(!seen[0].headers.contains_key("x-forwarded-host"));
    assert_eq!(&seen[0].body[..], b"body");
    assert!(edge.target.seen().is_empty());
}

#[tokio::test]
async fn hop_by_hop_and_client_set_routing_headers_are_stripped() {
    let edge = Edge::start_with(&[("FORWARDED_HOST", "on")]).await;
    let mut stream = TcpStream::connect(edge.address).await.unwrap();
    let request = "GET /x HTTP/1.1\r\nhost: shop.example\r\nconnection: close, x-hop\r\nx-hop: 1\r\nte: trailers\r\n\
                   proxy-authorization: secret\r\nkeep-alive: 5\r\nx-crossover-side: target\r\n\
                   X-Crossover-Anything: 1\r\nx-forwarded-host: evil.example\r\nx-kept: 1\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let headers = &edge.source.seen()[0].headers;
    for name in [
        "x-hop",
        "te",
        "proxy-authorization",
        "keep-alive",
        "x-crossover-side",
        "x-crossover-anything",
    ] {
        assert!(!headers.contains_key(name), "{name} passed: {headers:?}");
    }
    assert_eq!(headers["x-kept"], "1");
    assert_eq!(headers["x-forwarded-host"], "shop.example");
}

#[tokio::test]
async fn redirects_and_empty_answers_are_passed_on() {
    let edge = Edge::start().await;
    let response = edge.get("/redirect").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (302, Some("/elsewhere"))
    );
    assert_eq!(edge.source.seen().len(), 1, "the redirect was followed");
    assert_eq!(edge.get("/empty").send().await.unwrap().status(), 204);
    let head = edge.client.head(format!("{}/x", edge.url)).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), header(&head, ORIGIN)),
        (200, Some("source"))
    );
}

#[tokio::test]
async fn a_request_body_streams_through_before_it_is_complete() {
    let edge = Edge::start().await;
    let mut arrived = edge.source.arrived();
    let (chunks, body) = mpsc::channel::<Bytes>(1);
    let body = futures::stream::unfold(body, |mut body| async move {
        body.recv()
            .await
            .map(|chunk| (Ok::<_, std::io::Error>(chunk), body))
    });
    let request = edge
        .client
        .post(format!("{}/sink", edge.url))
        .body(reqwest::Body::wrap_stream(body));
    let sent = tokio::spawn(request.send());
    chunks.send(Bytes::from(vec![1; 1000])).await.unwrap();
    // The second half is sent only after the first has arrived at the origin.
    arrived.wait_for(|arrived| *arrived == 1000).await.unwrap();
    chunks.send(Bytes::from(vec![2; 1000])).await.unwrap();
    drop(chunks);
    assert_eq!(sent.await.unwrap().unwrap().status(), 200);
    assert_eq!(edge.source.seen()[0].body.len(), 2000);
}

#[tokio::test]
async fn an_answer_streams_through_before_it_is_complete() {
    let edge = Edge::start().await;
    let live = edge.source.live();
    live.send(Bytes::from_static(b"first")).await.unwrap();
    let mut body = edge.get("/live").send().await.unwrap().bytes_stream();
    assert_eq!(body.next().await.unwrap().unwrap(), "first");
    live.send(Bytes::from_static(b"second")).await.unwrap();
    assert_eq!(body.next().await.unwrap().unwrap(), "second");
    drop(live);
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn the_edges_own_paths_never_reach_an_origin() {
    let edge = Edge::start().await;
    assert_eq!(
        edge.get("/__crossover/healthz").send().await.unwrap().status(),
        200
    );
    for path in ["/__crossover/", "/__crossover/v1/lanes", "/__crossover/v2/x"] {
        assert_eq!(edge.get(path).send().await.unwrap().status(), 404, "{path}");
    }
    assert!(edge.source.seen().is_empty());
}

#[tokio::test]
async fn an_unreachable_origin_is_a_502_that_leaves_the_execution_of_the_write_open() {
    let edge = Edge::start_with(&[("SOURCE_ORIGIN", "http://127.0.0.1:9")]).await;
    let response = edge.post("/orders", "w").send().await.unwrap();
    assert_eq!(response.status(), 502);
    assert_eq!(header(&response, "x-crossover-executed"), None);
    assert!(edge.target.seen().is_empty(), "a write never changes sides");
}

#[tokio::test]
async fn a_bad_configuration_is_named_and_nothing_is_routed() {
    let edge = Edge::start_with(&[("SOURCE_ORIGIN", "http://127.0.0.1:1/path"), ("HELD_MAX", "many")]).await;
    let response = edge.post("/orders", "w").send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(header(&response, "x-crossover-executed"), Some("no"));
    let text = response.text().await.unwrap();
    assert!(
        text.contains("SOURCE_ORIGIN") && text.contains("HELD_MAX"),
        "{text}"
    );
}

#[tokio::test]
async fn an_origin_that_does_not_answer_is_given_up_and_its_connection_closed() {
    let edge = Edge::start_with(&[("FORWARD_MAX_MS", "500")]).await;
    edge.source.delay_answers();
    for (request, seen) in [(edge.get("/slow"), 1), (edge.post("/slow", "w"), 2)] {
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "x-crossover-executed")),
            (504, Some("unknown"))
        );
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["error"], "origin_timeout");
        assert_eq!(edge.source.seen().len(), seen, "nothing is sent twice");
    }
    edge.source.until_given_up(2).await;
    edge.until_in_flight(0).await;
    edge.source.answer_now();
    assert_eq!(edge.get("/").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_answer_that_has_begun_is_not_cut_off() {
    let edge = Edge::start_with(&[("FORWARD_MAX_MS", "500")]).await;
    let chunks = edge.source.live();
    let answer = edge.get("/live").send().await.unwrap();
    let mut body = answer.bytes_stream();
    let began = std::time::Instant::now();
    crate::edge::until("longer than an origin may take to begin", async || {
        (began.elapsed().as_millis() > 1_000).then_some(())
    })
    .await;
    chunks.send(Bytes::from_static(b"late")).await.unwrap();
    assert_eq!(body.next().await.unwrap().unwrap(), "late");
}
