use crossover_edge_admin::EdgeError;
use crossover_routing::directory::Spreading;
use crossover_routing::{Command, Directory, Epoch, HeldWrites, Millis, Side};
use reqwest::RequestBuilder;
use serde_json::json;

use crate::edge::{Edge, header, now, run, until};
use crate::origin::Origin;

/// An edge with a second lane: the north, with origins of its own.
struct TwoLanes {
    edge: Edge,
    north: [Origin; 2],
}

impl TwoLanes {
    async fn start() -> Self {
        let north = [
            Origin::start("north source").await,
            Origin::start("north target").await,
        ];
        let edge = Edge::start_beside(&[&north[0], &north[1]]).await;
        Self { edge, north }
    }

    fn directory(&self) -> Directory {
        let [source, target] = &self.north;
        let document = json!({
            "lanes": {
                "main": {"source": self.edge.source.url, "target": self.edge.target.url},
                "north": {"source": source.url, "target": target.url},
            },
            "default_lane": "main",
            "tenant": [{"header": "x-tenant"}],
            "region": {
                "codes": ["N01", "S01"],
                "named_by": [{"path_segment": 1}, {"query": "region"}],
                "countries": {"VN": {"code": "S01", "parts": {"HN": "N01"}}},
                "default": "S01",
            },
            "rules": [
                {"lane": "north", "region": "N01"},
                {"lane": "north", "tenant": "acme"},
                {"lane": "north", "path": "/archive"},
            ],
        });
        serde_json::from_value(document).unwrap()
    }
}

/// Who answered.
async fn answered_by(request: RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
}

fn name_of(refusal: Result<Spreading, EdgeError>) -> String {
    match refusal.unwrap_err() {
        EdgeError::DirectoryRefused { name, .. } => name,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_published_directory_routes_by_tenant_region_place_and_path() {
    let lanes = TwoLanes::start().await;
    let edge = &lanes.edge;
    edge.publish(&lanes.directory()).await;
    let place = |place: &str| edge.get("/orders").header("test-place", place);
    for (request, expected) in [
        (edge.get("/orders"), "source"),
        (edge.get("/N01/orders"), "north source"),
        (edge.get("/orders?region=N01"), "north source"),
        (edge.get("/orders").header("x-tenant", "acme"), "north source"),
        (edge.get("/orders").header("x-tenant", "globex"), "source"),
        (edge.get("/%61rchive//2024"), "north source"),
        (edge.post("/archive/2024", "w"), "north source"),
        (place(r#"{"country": "VN", "regionCode": "HN"}"#), "north source"),
        (place(r#"{"country": "VN", "regionCode": "SG"}"#), "source"),
        (place(r#"{"country": "FR"}"#), "source"),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(answered_by(request).await, expected, "{shown}");
    }
}

#[tokio::test]
async fn a_request_that_belongs_to_no_lane_for_certain_reaches_no_origin() {
    let lanes = TwoLanes::start().await;
    let edge = &lanes.edge;
    edge.publish(&lanes.directory()).await;
    let before = edge.source.seen().len() + lanes.north[0].seen().len();
    for (request, error) in [
        (
            edge.post("/orders", "w")
                .header("x-tenant", "acme")
                .header("x-tenant", "globex"),
            "unclear_lane",
        ),
        (edge.post("/N01/orders?region=S01", "w"), "unclear_lane"),
        (edge.post("/orders?region=X99", "w"), "unknown_region"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "x-crossover-executed")),
            (400, Some("no"))
        );
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["error"], error);
    }
    assert_eq!(edge.source.seen().len() + lanes.north[0].seen().len(), before);
}

#[tokio::test]
async fn a_region_that_the_operator_has_signed_wins_on_both_ways_and_any_other_is_refused() {
    let lanes = TwoLanes::start().await;
    let edge = &lanes.edge;
    let header_of = |code| edge.admin.sign_region(code, now() + Millis(60_000));
    let north = ("x-crossover-region", header_of("N01"));
    let asking = |path: &str| edge.get(path).header(north.0, &north.1);
    edge.publish(&lanes.directory()).await;
    assert_eq!(
        answered_by(asking("/orders")).await,
        "source",
        "the directory does not allow it"
    );

    let mut directory = lanes.directory();
    directory.region.as_mut().unwrap().signed = true;
    edge.publish(&directory).await;
    // The second and later ones could be direct.
    for _ in 0..3 {
        assert_eq!(answered_by(edge.get("/orders")).await, "source");
        assert_eq!(answered_by(asking("/S01/orders")).await, "north source");
        let write = edge.post("/orders", "w").header(north.0, &north.1);
        assert_eq!(answered_by(write).await, "north source");
    }
    let before = edge.source.seen().len() + lanes.north[0].seen().len();
    let expired = edge.admin.sign_region("N01", now());
    for (value, error) in [
        ("N01", "bad_signed_region"),
        (expired.as_str(), "bad_signed_region"),
        (header_of("X99").as_str(), "unknown_region"),
    ] {
        for request in [edge.get("/orders"), edge.post("/orders", "w")] {
            let answer = request.header(north.0, value).send().await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), header(&answer, "x-crossover-executed")),
                (400, Some("no"))
            );
            let body: serde_json::Value = answer.json().await.unwrap();
            assert_eq!(body["error"], error, "{value}");
        }
    }
    assert_eq!(edge.source.seen().len() + lanes.north[0].seen().len(), before);
}

#[tokio::test]
async fn all_isolates_change_at_the_time_of_a_new_version() {
    let lanes = TwoLanes::start().await;
    let edge = &lanes.edge;
    let urls = [edge.url.clone(), edge.second_url.clone()];
    let ask = async |url: &str| answered_by(edge.client.get(format!("{url}/archive"))).await;
    for url in &urls {
        assert_eq!(ask(url).await, "source", "version 0 is the lane of the variables");
    }
    let published = edge.admin.publish(Epoch(0), &lanes.directory()).await.unwrap();
    let from = published.next.unwrap().from_ms;
    // Requests all along: what an isolate knows is renewed by them, or runs out.
    until("the time of the new version", async || {
        for url in &urls {
            let (before, answer, after) = (now(), ask(url).await, now());
            let expected = if after < from {
                Some("source")
            } else {
                (before >= from).then_some("north source")
            };
            assert!(
                expected.is_none_or(|expected| answer == expected),
                "{answer} at {before} to {after}, {from}"
            );
        }
        (now() > from + Millis(1_000)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_directory_that_could_split_writes_is_not_published() {
    let lanes = TwoLanes::start().await;
    let edge = &lanes.edge;
    let good = lanes.directory();
    let mut split = good.clone();
    split.lanes.get_mut("north").unwrap().target = good.lanes["main"].target.clone();
    split.default_lane = "gone".to_owned();
    match edge.admin.publish(Epoch(0), &split).await {
        Err(EdgeError::DirectoryRefused { name, faults, .. }) => {
            let places: Vec<&str> = faults.iter().map(|fault| fault.place.as_str()).collect();
            assert_eq!(
                (name.as_str(), places),
                ("faulty", vec!["default_lane", "lanes.north.target"])
            );
        }
        other => panic!("{other:?}"),
    }
    let mut unlisted = good.clone();
    unlisted.lanes.get_mut("north").unwrap().source = "http://192.0.2.1".to_owned().try_into().unwrap();
    assert_eq!(name_of(edge.admin.publish(Epoch(0), &unlisted).await), "faulty");
    assert_eq!(
        name_of(edge.admin.publish(Epoch(7), &good).await),
        "version_mismatch"
    );
    edge.admin.publish(Epoch(0), &good).await.unwrap();
    assert_eq!(
        name_of(edge.admin.publish(Epoch(1), &good).await),
        "still_spreading"
    );
    let alone = Edge::start().await;
    assert_eq!(name_of(alone.admin.publish(Epoch(0), &good).await), "no_origins");
}

#[tokio::test]
async fn a_cutover_and_a_new_directory_exclude_each_other() {
    let lanes = TwoLanes::start().await;
    let edge = &lanes.edge;
    let good = lanes.directory();
    edge.arm(Side::Target, 20_000).await;
    assert_eq!(
        name_of(edge.admin.publish(Epoch(0), &good).await),
        "lane_under_way"
    );
    edge.abort().await;
    edge.release().await;
    let spreading = edge.admin.publish(Epoch(0), &good).await.unwrap();
    let arm = Command::Arm {
        run_id: "run-late".to_owned(),
        towards: Side::Target,
        hold_at_ms: now() + Millis(6_000),
        hold_deadline_ms: now() + Millis(16_000),
        hold: HeldWrites::All,
    };
    match edge.apply(arm).await {
        Err(EdgeError::Refused { name, record, .. }) => {
            assert_eq!(
                (name.as_str(), record.phase.is_serving()),
                ("directory_spreading", true)
            );
        }
        other => panic!("{other:?}"),
    }
    until("the new version", async || {
        (now() > spreading.next.as_ref()?.from_ms).then_some(())
    })
    .await;
    edge.arm(Side::Target, 20_000).await;
    // Read rules change no write, so they may be published during a cutover.
    let mut reads = good.clone();
    reads
        .lanes
        .get_mut("main")
        .unwrap()
        .reads
        .exceptions
        .target
        .insert("pilot".to_owned());
    edge.admin.publish(Epoch(1), &reads).await.unwrap();
}

#[tokio::test]
async fn a_cutover_of_one_lane_leaves_the_other_alone() {
    let lanes = TwoLanes::start().await;
    let edge = &lanes.edge;
    edge.publish(&lanes.directory()).await;
    let north = edge.admin_of("north");
    let hold_at_ms = now() + Millis(5_400);
    let arm = Command::Arm {
        run_id: run(),
        towards: Side::Target,
        hold_at_ms,
        hold_deadline_ms: hold_at_ms + Millis(20_000),
        hold: HeldWrites::All,
    };
    let mut record = north.apply(Epoch(1), arm).await.unwrap();
    until("hold_at_ms", async || (now() >= hold_at_ms).then_some(())).await;
    record = north
        .apply(record.epoch, Command::Hold { run_id: run() })
        .await
        .unwrap();
    let held = edge.post("/archive/1", "held");
    let held = tokio::spawn(async move { held.send().await.unwrap() });
    until("one held write", async || {
        (north.held().await.unwrap() == 1).then_some(())
    })
    .await;
    // The other lane's writes and reads flow.
    for _ in 0..20 {
        assert_eq!(answered_by(edge.post("/orders", "free")).await, "source");
        assert_eq!(answered_by(edge.get("/orders")).await, "source");
    }
    assert_eq!(edge.admin.held().await.unwrap(), 0);
    record = north
        .apply(record.epoch, Command::Commit { run_id: run() })
        .await
        .unwrap();
    north
        .apply(record.epoch, Command::Release { run_id: run() })
        .await
        .unwrap();
    assert_eq!(held.await.unwrap().text().await.unwrap(), "north target");
    assert_eq!(answered_by(edge.post("/orders", "free")).await, "source");
    assert_eq!(lanes.north[1].writes(), ["held"]);
}

#[tokio::test]
async fn a_published_directory_outlives_a_restart() {
    let mut lanes = TwoLanes::start().await;
    let directory = lanes.directory();
    lanes.edge.publish(&directory).await;
    lanes.edge.restart().await;
    assert_eq!(answered_by(lanes.edge.get("/archive")).await, "north source");
    let known = lanes.edge.admin.directory().await.unwrap();
    assert_eq!((known.current.version, known.next), (Epoch(1), None));
    assert_eq!(known.current.directory, directory);
}

#[tokio::test]
async fn a_lane_that_the_directory_does_not_name_does_not_exist() {
    let lanes = TwoLanes::start().await;
    let north = lanes.edge.admin_of("north");
    let error = north.read().await.unwrap_err().to_string();
    assert!(
        error.contains("unknown_lane") && error.contains("main"),
        "{error}"
    );
    lanes.edge.publish(&lanes.directory()).await;
    assert_eq!(north.read().await.unwrap().lane, "north");
}

#[tokio::test]
async fn the_directory_is_neither_shown_nor_changed_without_a_key() {
    let lanes = TwoLanes::start().await;
    let edge = &lanes.edge;
    let path = "/__crossover/v1/directory";
    for request in [edge.get(path), edge.post(path, "{}")] {
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let unknown = edge.client.delete(format!("{}{path}", edge.url));
    assert_eq!(unknown.send().await.unwrap().status(), 404);
}
