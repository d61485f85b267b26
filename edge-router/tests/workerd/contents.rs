//! What requests and answers contain passes as it is, on the direct way and on the longer one.

use axum::http::Method;
use reqwest::{RequestBuilder, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::edge::{ACCOUNT, Edge, header};
use crate::origin::{GZIPPED, large};

/// The answer on each way.
async fn both_ways(request: impl Fn() -> RequestBuilder) -> [Response; 2] {
    [
        request().send().await.unwrap(),
        request().header(ACCOUNT, "yes").send().await.unwrap(),
    ]
}

#[tokio::test]
async fn compressed_partial_and_empty_answers_pass_as_they_are() {
    let edge = Edge::start().await;
    for answer in both_ways(|| edge.get("/gzip").header("accept-encoding", "gzip, zstd")).await {
        assert_eq!(header(&answer, "content-encoding"), Some("gzip"));
        assert_eq!(answer.bytes().await.unwrap(), GZIPPED);
    }
    assert!(
        edge.source
            .seen()
            .iter()
            .all(|seen| seen.headers["accept-encoding"] == "gzip, zstd"),
        "the origin chooses from what the client accepts"
    );
    for answer in both_ways(|| edge.get("/part").header("range", "bytes=2-5")).await {
        assert_eq!(answer.status(), 206);
        assert_eq!(header(&answer, "content-range"), Some("bytes 2-5/10"));
        assert_eq!(answer.text().await.unwrap(), "part");
    }
    assert!(
        edge.source.seen()[2..]
            .iter()
            .all(|seen| seen.headers["range"] == "bytes=2-5")
    );
    for method in [Method::HEAD, Method::OPTIONS] {
        for answer in both_ways(|| edge.client.request(method.clone(), format!("{}/part", edge.url))).await {
            assert_eq!(answer.status(), 206, "{method}");
            assert_eq!(header(&answer, "content-length"), Some("4"), "{method}");
            let length = if method == Method::HEAD { 0 } else { 4 };
            assert_eq!(answer.bytes().await.unwrap().len(), length, "{method}");
        }
    }
    let methods: Vec<String> = edge.source.seen()[4..]
        .iter()
        .map(|seen| seen.method.clone())
        .collect();
    assert_eq!(methods, ["HEAD", "HEAD", "OPTIONS", "OPTIONS"]);
}

/// A proxy would ask the host in the request's line.
#[tokio::test]
async fn a_request_line_with_a_host_reaches_the_configured_origin_only() {
    let edge = Edge::start().await;
    for account in ["", "x-crossover-account: yes\r\n"] {
        let mut stream = TcpStream::connect(edge.address).await.unwrap();
        let other = edge.target.url.clone();
        let request =
            format!("GET {other}/a?b=c HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n{account}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("source"),
            "{answer}"
        );
    }
    assert!(edge.target.seen().is_empty());
    assert!(edge.source.seen().iter().all(|seen| seen.target == "/a?b=c"));
}

#[tokio::test]
async fn bodies_of_64_mib_pass_whole_both_ways() {
    let edge = Edge::start().await;
    let body = large();
    for answer in both_ways(|| edge.client.post(format!("{}/large", edge.url)).body(body.clone())).await {
        assert_eq!(answer.status(), 200);
        assert!(
            answer.bytes().await.unwrap() == body,
            "the answer has other bytes"
        );
    }
    let seen = edge.source.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter().all(|seen| seen.body == body),
        "the origin got other bytes"
    );
}
