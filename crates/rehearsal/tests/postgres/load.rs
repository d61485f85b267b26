use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use crossover_core::{
    FractionalMillis,
    routing::{HeldWrites, Side},
};
use crossover_rehearsal::api::SampleApi;
use crossover_rehearsal::ledger;
use crossover_rehearsal::load::{HELD_MS, Kind, Load, LoadConfig, Mode, SIDE, StrayConfig, read_tokens};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{eventually, shop_database};

fn config(base_url: String, folder: &TempDir) -> LoadConfig {
    LoadConfig {
        base_url,
        writes_per_s: 200,
        reads_per_s: 100,
        clients: 4,
        mode: Mode::Shop,
        hold: HeldWrites::All,
        customers: 100,
        stray: None,
        tokens_file: folder.path().join("tokens.jsonl"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_dropped_under_load_lose_nothing_and_double_nothing() {
    let (database, client, generated) = shop_database(500).await;
    let folder = tempfile::tempdir().expect("a folder");
    let api = SampleApi::start(&database.url(), Mode::Shop, 8)
        .await
        .expect("the API starts");
    let load = Load::start(LoadConfig {
        customers: generated.customers,
        ..config(api.base_url(), &folder)
    })
    .expect("the load starts");
    for _ in 0..6 {
        let before = load.snapshot().writes.acknowledged;
        eventually("writes are acknowledged", async || {
            load.snapshot().writes.acknowledged > before + 50
        })
        .await;
        client
            .execute(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where application_name = 'sample-api' and datname = current_database()",
                &[],
            )
            .await
            .expect("the sessions end");
    }
    let before = load.snapshot().writes.acknowledged;
    eventually("writes continue", async || {
        load.snapshot().writes.acknowledged > before + 50
    })
    .await;
    let result = load.stop().await.expect("the load ends");
    api.stop().await;
    let tokens = read_tokens(&result.tokens_file).expect("the token file");
    assert_eq!(tokens.len() as u64, result.writes.acknowledged);
    assert_eq!(
        result.writes.total,
        result.writes.acknowledged + result.writes.errors
    );
    assert!(result.reads.total > 0);
    assert_eq!(result.reads.stale, 0);
    let verdict = ledger::verdict(&tokens, &client, None).await.expect("a verdict");
    assert!(verdict.is_clean(), "{verdict:?} {:?}", result.error_texts);
    assert_eq!(verdict.present, result.writes.acknowledged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stray_writers_are_recorded_when_taken_and_no_error_when_refused() {
    let (database, client, generated) = shop_database(500).await;
    let folder = tempfile::tempdir().expect("a folder");
    let edge = SampleApi::start(&database.url(), Mode::Shop, 4)
        .await
        .expect("the API starts");
    let bypassed = SampleApi::start(&database.url(), Mode::Shop, 4)
        .await
        .expect("the API starts");
    let stray = StrayConfig {
        direct_source_url: bypassed.base_url(),
        per_s: 50,
    };
    let load = Load::start(LoadConfig {
        customers: generated.customers,
        stray: Some(stray),
        ..config(edge.base_url(), &folder)
    })
    .expect("the load starts");
    eventually("strays are taken", async || {
        load.snapshot().stray.acknowledged > 10
    })
    .await;
    bypassed.stop().await;
    eventually("strays are refused", async || load.snapshot().stray.refused > 10).await;
    let result = load.stop().await.expect("the load ends");
    edge.stop().await;
    assert_eq!(
        (result.writes.errors, result.reads.errors),
        (0, 0),
        "{:?}",
        result.error_texts
    );
    let tokens = read_tokens(&result.tokens_file).expect("the token file");
    assert_eq!(
        tokens.iter().filter(|line| line.stray).count() as u64,
        result.stray.acknowledged
    );
    let verdict = ledger::verdict(&tokens, &client, None).await.expect("a verdict");
    assert!(verdict.is_clean(), "{verdict:?}");
}

/// An edge that holds every write until the release, and keeps no state.
async fn holding_edge() -> (String, watch::Sender<bool>, Arc<AtomicU64>) {
    let (release, released) = watch::channel(false);
    let waiting = Arc::new(AtomicU64::new(0));
    let write = async |State((mut released, waiting)): State<(watch::Receiver<bool>, Arc<AtomicU64>)>| {
        waiting.fetch_add(1, Ordering::Relaxed);
        let _ = released.wait_for(|released| *released).await;
        (
            StatusCode::CREATED,
            [(HELD_MS, "41.5"), (SIDE, "target")],
            Json(json!({ "id": 1, "order_id": 1 })),
        )
            .into_response()
    };
    let routes = Router::new()
        .route("/orders", post(write))
        .route("/entries/{token}", get(async || StatusCode::NOT_FOUND))
        .with_state((released, Arc::clone(&waiting)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, release, waiting)
}

#[tokio::test]
async fn a_hold_blocks_no_client_and_every_held_write_counts_from_its_scheduled_time() {
    let (url, release, waiting) = holding_edge().await;
    let folder = tempfile::tempdir().expect("a folder");
    let load = Load::start(LoadConfig {
        reads_per_s: 0,
        ..config(url, &folder)
    })
    .expect("the load starts");
    // Four clients that waited for their answers would never get beyond four.
    eventually("the timetable continues", async || {
        waiting.load(Ordering::Relaxed) > 60
    })
    .await;
    assert_eq!(load.snapshot().writes.acknowledged, 0);
    assert!(load.snapshot().in_flight > 60);
    release.send(true).expect("the edge listens");
    let result = load.stop().await.expect("the load ends");
    assert_eq!(result.writes.acknowledged, result.writes.held);
    let writes: Vec<_> = result
        .samples
        .iter()
        .filter(|sample| sample.kind == Kind::Write)
        .collect();
    assert!(
        writes
            .iter()
            .all(|write| write.held_ms == Some(FractionalMillis(41.5)) && write.side == Some(Side::Target))
    );
    let (first, last_held) = (writes[0], writes[60]);
    assert!(
        first.latency_ms >= last_held.at_ms - first.at_ms,
        "{first:?} {last_held:?}"
    );
}

#[tokio::test]
async fn a_read_that_misses_an_acknowledged_write_is_stale() {
    let (url, release, _) = holding_edge().await;
    release.send(true).expect("the edge listens");
    let folder = tempfile::tempdir().expect("a folder");
    let load = Load::start(config(url, &folder)).expect("the load starts");
    eventually("stale reads are seen", async || load.snapshot().reads.stale > 3).await;
    let result = load.stop().await.expect("the load ends");
    assert!(
        result.error_texts.iter().any(|text| text.contains("stale read")),
        "{:?}",
        result.error_texts
    );
}

#[tokio::test]
async fn an_unreachable_server_is_an_error_for_each_write_with_an_example() {
    let folder = tempfile::tempdir().expect("a folder");
    let load = Load::start(config("http://127.0.0.1:1".into(), &folder)).expect("the load starts");
    eventually("errors are counted", async || load.snapshot().writes.errors > 25).await;
    let result = load.stop().await.expect("the load ends");
    assert_eq!(result.writes.acknowledged, 0);
    assert_eq!(result.error_texts.len(), 20);
    assert!(
        result.error_texts[0].starts_with("POST /orders: no answer"),
        "{}",
        result.error_texts[0]
    );
}
