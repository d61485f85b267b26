//! How the client reads answers, tested with real servers that send chosen answers. The Worker's own answers
//! are tested in edge-router, through this client.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use crossover_edge_admin::{AdminKey, EdgeAdmin, EdgeError};
use crossover_routing::{Command, Directory, Epoch, LaneRecord, Origin};
use tokio::net::TcpListener;

async fn edge(status: StatusCode, body: String) -> EdgeAdmin {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(move || {
        let body = body.clone();
        async move { (status, [(header::LOCATION, "http://127.0.0.1:1/")], body).into_response() }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    client(&format!("http://{address}"))
}

fn client(url: &str) -> EdgeAdmin {
    let key = AdminKey::from_hex(&"5a".repeat(32)).unwrap();
    EdgeAdmin::new(url, "main", "key-1", key).unwrap()
}

fn abort() -> Command {
    Command::Abort {
        run_id: "run-1".to_owned(),
    }
}

#[tokio::test]
async fn a_refusal_carries_its_name_and_the_lane() {
    let record = LaneRecord::new("main");
    let body = serde_json::json!({ "error": "epoch_mismatch", "message": "no", "record": record });
    let edge = edge(StatusCode::CONFLICT, body.to_string()).await;
    match edge.apply(Epoch(9), abort()).await {
        Err(EdgeError::Refused {
            name, record: lane, ..
        }) => {
            assert_eq!((name.as_str(), *lane), ("epoch_mismatch", record));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refused_directory_is_told_with_every_fault() {
    let faults = serde_json::json!([
        { "place": "default_lane", "message": "there is no lane x" },
        { "place": "rules[0]", "message": "a rule needs a condition" },
    ]);
    let body = serde_json::json!({ "error": "faulty", "message": "2 faults", "faults": faults });
    let edge = edge(StatusCode::UNPROCESSABLE_ENTITY, body.to_string()).await;
    let origin = |host: &str| Origin::try_from(format!("https://{host}")).unwrap();
    let directory = Directory::of_one_lane("main", origin("source"), origin("target"));
    let error = edge.publish(Epoch(0), &directory).await.unwrap_err();
    assert!(matches!(&error, EdgeError::DirectoryRefused { name, .. } if name == "faulty"));
    let text = error.to_string();
    assert!(
        text.contains("default_lane: there is no lane x") && text.contains("rules[0]: a rule"),
        "{text}"
    );
}

#[tokio::test]
async fn an_unknown_answer_is_never_a_success() {
    for (status, body) in [
        (StatusCode::OK, "{}"),
        (StatusCode::OK, "<html>"),
        (StatusCode::CONFLICT, "{}"),
        (StatusCode::FOUND, ""),
        (StatusCode::BAD_GATEWAY, r#"{"error": "x", "message": "y"}"#),
    ] {
        let outcome = edge(status, body.to_owned()).await.apply(Epoch(1), abort()).await;
        assert!(
            matches!(outcome, Err(EdgeError::Protocol { .. })),
            "{status} {body}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_edge_is_unreachable_and_the_message_says_to_read_the_lane() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(&format!("http://{address}")).read().await.unwrap_err();
    assert!(matches!(error, EdgeError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("read the lane"), "{error}");
}

#[tokio::test]
async fn the_key_shows_neither_in_debug_nor_on_the_wire() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(|headers: HeaderMap, body: String| async move {
        (
            StatusCode::UNAUTHORIZED,
            serde_json::json!({ "error": format!("{headers:?}{body}") }).to_string(),
        )
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let edge = client(&format!("http://{address}"));
    assert!(!format!("{edge:?}").contains("5a5a"));
    match edge.apply(Epoch(1), abort()).await {
        Err(EdgeError::Unauthorized { name, .. }) => {
            assert!(
                name.contains("x-crossover-signature") && !name.contains("5a5a"),
                "{name}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_invalid_address_is_refused() {
    let key = || AdminKey::from_hex(&"5a".repeat(32)).unwrap();
    for url in ["", "edge.example", "ftp://edge.example"] {
        let outcome = EdgeAdmin::new(url, "main", "key-1", key());
        assert!(matches!(outcome, Err(EdgeError::BadAddress { .. })), "{url}");
    }
}
