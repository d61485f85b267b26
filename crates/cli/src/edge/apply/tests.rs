//! What is published, when, and what is said where it is not.

use std::sync::atomic::AtomicU32;

use axum::http::StatusCode;
use crossover_core::{Millis, routing::Epoch};
use serde_json::json;

use super::{
    super::{
        directory::tests::{NOW, directory, publication},
        tests::{edge, locked},
    },
    *,
};

const QUICK: Patience = Patience {
    every: Millis(1),
    looks: 200,
};

fn other() -> Directory {
    let mut other = directory();
    other.rules.pop();
    other
}

#[tokio::test]
async fn a_document_is_published_once_and_waited_for_until_it_is_in_force() {
    let (admin, edge) = edge().await;
    locked(&edge).spreads_for = 5;
    apply(&admin, &other(), true, QUICK, &AtomicBool::new(false))
        .await
        .unwrap();
    {
        let edge = locked(&edge);
        assert_eq!(edge.published.next, None, "the command has waited");
        assert_eq!(edge.published.current.version, Epoch(4));
        assert_eq!(edge.published.current.directory, other());
    }
    apply(&admin, &other(), true, QUICK, &AtomicBool::new(false))
        .await
        .unwrap();
    assert_eq!(
        locked(&edge).asked,
        1,
        "a document that is published already is not published again"
    );
}

#[tokio::test]
async fn a_document_that_is_spreading_already_is_only_waited_for() {
    let (admin, edge) = edge().await;
    {
        let mut edge = locked(&edge);
        edge.spreads_for = 4;
        edge.published.next = Some(publication(4, NOW, other()));
    }
    apply(&admin, &other(), true, QUICK, &AtomicBool::new(false))
        .await
        .unwrap();
    let edge = locked(&edge);
    assert_eq!((edge.asked, edge.published.current.version), (0, Epoch(4)));
}

#[tokio::test]
async fn without_a_terminal_nothing_is_published_unless_it_is_said() {
    let (admin, edge) = edge().await;
    // The tests' own standard input may be a terminal: then nobody answers, so the question is left out.
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return;
    }
    let sent = AtomicBool::new(false);
    let error = apply(&admin, &other(), false, QUICK, &sent).await.unwrap_err();
    assert!(error.to_string().contains("--yes"), "{error}");
    assert!(!sent.into_inner());
    assert_eq!(locked(&edge).asked, 0);
    // Where nothing changes, there is nothing to ask.
    apply(&admin, &directory(), false, QUICK, &AtomicBool::new(false))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_refused_document_ends_with_one() {
    let (admin, edge) = edge().await;
    let refusal = json!({ "error": "version_mismatch", "message": "version 9 is the newest" });
    locked(&edge).refuses = Some((StatusCode::CONFLICT, refusal));
    let sent = AtomicBool::new(false);
    let ended = apply(&admin, &other(), true, QUICK, &sent).await.unwrap();
    assert_eq!(ended, ExitCode::FAILURE);
    assert!(
        sent.into_inner(),
        "an interrupt meanwhile must not say that nothing was published"
    );
    assert_eq!(locked(&edge).published.newest(), Epoch(3));
}

#[tokio::test]
async fn a_version_that_is_never_seen_in_force_is_an_error_that_says_it_is_published() {
    let (admin, edge) = edge().await;
    locked(&edge).spreads_for = 1_000;
    let patience = Patience { looks: 3, ..QUICK };
    let error = apply(&admin, &other(), true, patience, &AtomicBool::new(false))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("version 4")
            && error.contains("it is published")
            && error.contains("crossover edge directory"),
        "{error}"
    );
}

#[tokio::test]
async fn the_edge_may_be_silent_while_a_version_spreads() {
    let (admin, edge) = edge().await;
    let seen = AtomicU32::new(0);
    locked(&edge).spreads_for = 3;
    locked(&edge).published.next = Some(publication(4, NOW, other()));
    let current = in_force(&admin, Epoch(4), QUICK, |_| {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(current.await.unwrap().version, Epoch(4));
    assert_eq!(seen.into_inner(), 3, "each look is told");
    // An edge that answers nothing at all: each look fails, none of them ends the wait before its time.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let nowhere = EdgeAdmin::with_hex_key(&url, "main", "key-1", &"5a".repeat(32)).unwrap();
    let mut failed = 0;
    let patience = Patience { looks: 3, ..QUICK };
    let error = in_force(&nowhere, Epoch(4), patience, |seen| {
        failed += u32::from(seen.is_err());
    })
    .await;
    assert!(error.is_err());
    assert_eq!(failed, 3);
}

#[tokio::test]
async fn a_version_that_is_withdrawn_is_not_waited_for() {
    let (admin, _) = edge().await;
    let error = in_force(&admin, Epoch(4), QUICK, |_| {})
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("version 4") && error.contains("was withdrawn"),
        "{error}"
    );
}

#[test]
fn each_refusal_is_told_with_its_remedy() {
    for (name, words) in [
        ("version_mismatch", "look at the plan again"),
        ("still_spreading", "in 10 s"),
        ("lane_under_way", "crossover status"),
        ("lane_unreachable", "repeat the command"),
        ("faulty", "ORIGINS"),
        ("too_large", "fewer lanes"),
        ("no_origins", "variable ORIGINS"),
        ("new_reason", "docs/edge.md"),
    ] {
        let text = told(&EdgeError::DirectoryRefused {
            name: name.to_owned(),
            message: "the edge's own words".to_owned(),
            faults: Vec::new(),
        });
        assert!(
            text.contains("the edge's own words\n")
                && text.contains(words)
                && text.ends_with(". Nothing was published."),
            "{text}"
        );
    }
}
