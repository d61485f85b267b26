//! Requests that are forwarded untouched. An answer of theirs has the header that the origin forges, which the longer way takes out.

use crossover_routing::directory::RequestParts;
use crossover_routing::{Directory, Routes, Side};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::edge::{ACCOUNT, Edge, ORIGIN, header, until};
use crate::origin::Origin;

fn is_direct(answer: &Response) -> bool {
    header(answer, "x-crossover-executed") == Some("forged")
}

/// Waits until the isolate has a lease, and has not begun to renew it.
async fn warmed(edge: &Edge) {
    until("a direct request", async || {
        is_direct(&edge.get("/").send().await.unwrap()).then_some(())
    })
    .await;
}

/// An isolate that serves nothing while the lane serves has no reason to report, so it gets requests.
async fn until_all_are_answered(edge: &Edge) {
    until("no write in flight", async || {
        assert_eq!(sent(edge.get("/")).await.status(), 200);
        (edge.admin.traffic().await.unwrap().in_flight == 0).then_some(())
    })
    .await;
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

#[tokio::test]
async fn most_requests_are_direct_and_those_that_ask_for_an_account_get_one() {
    let edge = Edge::start().await;
    warmed(&edge).await;
    let mut direct = 0;
    for _ in 0..100 {
        direct += usize::from(is_direct(&sent(edge.get("/a")).await));
        direct += usize::from(is_direct(&sent(edge.post("/a", "w")).await));
    }
    // The rest renews the lease.
    assert!(direct > 150, "{direct} of 200");
    let asked = sent(edge.get("/a").header(ACCOUNT, "yes")).await;
    assert_eq!(header(&asked, "x-crossover-side"), Some("source"));
    assert_eq!(header(&asked, "x-crossover-executed"), None);
}

#[tokio::test]
async fn what_may_be_a_write_or_names_headers_to_take_out_is_not_direct() {
    let edge = Edge::start().await;
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("x-method-override", "PATCH"),
        ("connection", "x-hop"),
    ] {
        warmed(&edge).await;
        let request = edge.get("/a").header(name, value).header(ACCOUNT, "yes");
        assert!(!is_direct(&sent(request).await), "{name}");
    }
    for method in [Method::OPTIONS, Method::from_bytes(b"PURGE").unwrap()] {
        warmed(&edge).await;
        edge.source.delay_answers();
        let url = format!("{}/a", edge.url);
        let request = edge.client.request(method.clone(), url);
        let answer = tokio::spawn(request.send());
        edge.until_in_flight(1).await;
        edge.source.answer_now();
        assert_eq!(answer.await.unwrap().unwrap().status(), 200, "{method}");
    }
}

#[tokio::test]
async fn a_get_with_an_override_is_counted_like_a_write() {
    let edge = Edge::start().await;
    warmed(&edge).await;
    edge.source.delay_answers();
    let request = edge.get("/a").header("x-http-method-override", "DELETE");
    let answer = tokio::spawn(request.send());
    edge.until_in_flight(1).await;
    edge.source.answer_now();
    assert_eq!(answer.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_direct_write_is_counted_until_it_is_answered_also_when_its_client_leaves() {
    let edge = Edge::start().await;
    warmed(&edge).await;
    edge.source.delay_answers();
    let writes: Vec<_> = (0..3).map(|number| edge.write(&format!("w{number}"))).collect();
    edge.source.until_seen(|seen| seen.body == "w2").await;
    edge.until_in_flight(3).await;
    writes[0].abort();
    edge.until_in_flight(3).await;
    edge.source.answer_now();
    until_all_are_answered(&edge).await;
}

#[tokio::test]
async fn with_the_option_origins_are_told_the_clients_host_and_a_forged_one_is_replaced() {
    let told = Edge::start_with(&[("FORWARDED_HOST", "on")]).await;
    for _ in 0..3 {
        sent(told.get("/a").header("x-forwarded-host", "evil.example")).await;
    }
    for seen in told.source.seen() {
        assert_eq!(
            seen.headers["x-forwarded-host"],
            told.address.to_string().as_str()
        );
    }
}

#[tokio::test]
async fn direct_requests_of_one_second_share_a_timer_and_each_has_its_own_time() {
    let edge = Edge::start_with(&[("FORWARD_MAX_MS", "500")]).await;
    warmed(&edge).await;
    edge.source.delay_answers();
    let mut slow = Vec::new();
    for number in 0..4 {
        let request = if number % 2 == 0 {
            edge.get(&format!("/slow/{number}"))
        } else {
            edge.post(&format!("/slow/{number}"), "w")
        };
        let asked = std::time::Instant::now();
        slow.push(tokio::spawn(async move {
            (request.send().await.unwrap().status(), asked.elapsed())
        }));
        edge.source
            .until_seen(|seen| seen.target == format!("/slow/{number}"))
            .await;
    }
    // A client that leaves by a reset takes its request with it, and must not stop the timer of the others.
    let left = edge.get("/slow/left");
    let left = tokio::spawn(left.send());
    edge.source.until_seen(|seen| seen.target == "/slow/left").await;
    left.abort();
    for request in slow {
        let (status, waited) = request.await.unwrap();
        assert_eq!(status, 504);
        assert!(waited.as_millis() >= 450, "given up after {waited:?}");
    }
    let next = sent(edge.get("/slow/next")).await;
    assert_eq!(next.status(), 504, "a timer that has rung takes no more requests");
    // All six, each with its connection to the origin.
    edge.source.until_given_up(6).await;
    edge.source.answer_now();
    until_all_are_answered(&edge).await;
}

#[tokio::test]
async fn beyond_the_limit_requests_are_refused_at_once_and_a_client_that_leaves_makes_room() {
    let edge = Edge::start_with(&[("IN_FLIGHT_MAX", "4"), ("FORWARD_MAX_MS", "2000")]).await;
    warmed(&edge).await;
    edge.source.delay_answers();
    let mut open = Vec::new();
    for (number, asked) in (0..4).zip([false, true].into_iter().cycle()) {
        let mut request = edge.get(&format!("/open/{number}"));
        if asked {
            request = request.header(ACCOUNT, "yes");
        }
        open.push(tokio::spawn(request.send()));
        edge.source
            .until_seen(|seen| seen.target == format!("/open/{number}"))
            .await;
    }
    for request in [edge.get("/more"), edge.post("/more", "w").header(ACCOUNT, "yes")] {
        let refused = sent(request).await;
        assert_eq!(
            (
                refused.status().as_u16(),
                header(&refused, "x-crossover-executed")
            ),
            (503, Some("no"))
        );
        assert!(refused.headers().contains_key("retry-after"));
        assert!(refused.text().await.unwrap().contains("too_many_in_flight"));
    }
    assert!(
        edge.admin.read().await.is_ok(),
        "the edge's own paths are always served"
    );
    for request in &open {
        request.abort();
    }
    edge.source.answer_now();
    until("room", async || {
        (sent(edge.get("/room")).await.status() == 200).then_some(())
    })
    .await;
    let seen = edge.source.seen();
    assert!(
        seen.iter().all(|seen| seen.target != "/more"),
        "refused, so not executed"
    );
}

#[tokio::test]
async fn headers_of_one_connection_do_not_reach_the_origin_directly_either() {
    let edge = Edge::start().await;
    warmed(&edge).await;
    let mut stream = TcpStream::connect(edge.address).await.unwrap();
    let request = "GET /hops HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\nte: trailers\r\nkeep-alive: 5\r\n\
                   upgrade: h2c\r\ntrailer: x\r\nx-kept: 1\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.contains("x-crossover-executed: forged"),
        "not direct: {answer}"
    );
    let seen = edge.source.seen();
    let headers = &seen.iter().find(|seen| seen.target == "/hops").unwrap().headers;
    for name in ["connection", "te", "keep-alive", "upgrade", "trailer"] {
        assert!(!headers.contains_key(name), "{name}: {headers:?}");
    }
    assert_eq!(headers["x-kept"], "1");
}

/// A request as the test describes it.
struct Plain {
    path: &'static str,
    query: &'static str,
    tenant: Option<&'static str>,
    cookie: Option<&'static str>,
}

impl RequestParts for Plain {
    fn host(&self) -> String {
        "127.0.0.1".to_owned()
    }

    fn path(&self) -> &str {
        self.path
    }

    fn query(&self) -> &str {
        self.query
    }

    fn header(&self, name: &str) -> Option<String> {
        let value = match name {
            "x-tenant" => self.tenant,
            "cookie" => self.cookie,
            _ => None,
        };
        value.map(str::to_owned)
    }

    fn place(&self) -> (Option<String>, Option<String>) {
        (None, None)
    }

    fn client(&self) -> Option<String> {
        None
    }

    fn signed_region(
        &self,
    ) -> Option<Result<String, crossover_routing::directory::signed_region::BadSignedRegion>> {
        None
    }
}

/// The rules in the built Worker, on both ways, against the same rules natively.
#[tokio::test]
async fn both_ways_send_every_request_where_the_rules_say() {
    let north = [
        Origin::start("north source").await,
        Origin::start("north target").await,
    ];
    let edge = Edge::start_beside(&[&north[0], &north[1]]).await;
    let directory: Directory = serde_json::from_value(json!({
        "lanes": {
            "main": {"source": edge.source.url, "target": edge.target.url},
            "north": {"source": north[0].url, "target": north[1].url},
        },
        "default_lane": "main",
        "tenant": [{"header": "x-tenant"}, {"cookie": "tenant"}],
        "region": {"codes": ["N01", "S01"], "named_by": [{"path_segment": 1}, {"query": "region"}], "default": "S01"},
        "rules": [
            {"lane": "north", "region": "N01"},
            {"lane": "north", "tenant": "acme"},
            {"lane": "main", "tenant": "acme", "path": "/orders"},
            {"lane": "north", "path": "/archive"},
        ],
    }))
    .unwrap();
    edge.publish(&directory).await;
    let routes = Routes::new(directory);
    let (mut direct, mut all) = (0, 0);
    for path in [
        "/",
        "/orders",
        "/orders/7",
        "/N01/x",
        "/S01/archive",
        "/%61rchive//1",
        "/archives",
        "/a%2Fb",
    ] {
        for query in ["", "region=N01", "region=%4E01&x", "region=X"] {
            for tenant in [None, Some("acme"), Some("globex"), Some("acme, globex"), Some("")] {
                for cookie in [None, Some("a=b; tenant=acme"), Some("tenant=\"globex\"")] {
                    let plain = Plain {
                        path,
                        query,
                        tenant,
                        cookie,
                    };
                    let expected = routes
                        .lane_of(&plain)
                        .map(|(_, lane)| lane.origin(Side::Source).as_str());
                    for asked in [false, true] {
                        let separator = if query.is_empty() { "" } else { "?" };
                        let mut request = edge.get(&format!("{path}{separator}{query}"));
                        for (name, value) in [
                            ("x-tenant", tenant),
                            ("cookie", cookie),
                            (ACCOUNT, asked.then_some("yes")),
                        ] {
                            if let Some(value) = value {
                                request = request.header(name, value);
                            }
                        }
                        let answer = sent(request).await;
                        direct += usize::from(is_direct(&answer));
                        all += 1;
                        let by = match header(&answer, ORIGIN) {
                            Some("source") => Some(edge.source.url.as_str()),
                            Some("north source") => Some(north[0].url.as_str()),
                            _ => None,
                        };
                        assert_eq!(
                            by,
                            expected.as_ref().ok().copied(),
                            "{path}?{query} {tenant:?} {cookie:?} {asked}"
                        );
                        assert_eq!(answer.status().as_u16(), if by.is_some() { 200 } else { 400 });
                    }
                }
            }
        }
    }
    assert!(direct > all / 5, "{direct} of {all} were direct");
}
