//! Catch-up markers.

use crossover_core::ports::{Catalogue, CatchUpMarkers, PortError, Positions};

use crate::side::Side;

#[tokio::test]
async fn a_marker_is_written_once_and_keeps_its_position() {
    let side = Side::new().await;
    let db = side.crossover().await;
    let missing = db.count_markers("run-1", "n1").await.unwrap_err();
    assert!(matches!(missing, PortError::Missing { .. }), "{missing}");
    assert!(matches!(
        db.write_marker("run-1", "n1").await,
        Err(PortError::Missing { .. })
    ));
    db.clear_markers().await.unwrap();
    db.prepare_marker().await.unwrap();
    db.prepare_marker().await.unwrap();
    assert_eq!(db.count_markers("run-1", "n1").await.unwrap(), 0);
    let before = db.current_position().await.unwrap();
    let first = db.write_marker("run-1", "n1").await.unwrap();
    let after = db.current_position().await.unwrap();
    assert!(db.bytes_ahead(&before, &first).unwrap().is_some());
    assert!(db.bytes_ahead(&first, &after).unwrap() > Some(0));
    let again = db.write_marker("run-1", "n1").await.unwrap();
    assert_eq!(again, first);
    assert_eq!(db.count_markers("run-1", "n1").await.unwrap(), 1);
    let second = db.write_marker("run-1", "n2").await.unwrap();
    assert!(db.bytes_ahead(&first, &second).unwrap() > Some(0));
    db.clear_markers().await.unwrap();
    assert_eq!(db.count_markers("run-1", "n1").await.unwrap(), 0);
}

#[tokio::test]
async fn concurrent_writers_of_the_same_marker_get_the_same_position() {
    let side = Side::new().await;
    let (one, two) = (side.crossover().await, side.crossover().await);
    let (first, second) = tokio::join!(one.prepare_marker(), two.prepare_marker());
    first.and(second).unwrap();
    for round in 0..50 {
        let nonce = format!("n{round}");
        let (first, second) = tokio::join!(
            one.write_marker("run-1", &nonce),
            two.write_marker("run-1", &nonce)
        );
        assert_eq!(first.unwrap(), second.unwrap());
    }
}

#[tokio::test]
async fn a_marker_that_was_applied_twice_is_counted_twice() {
    let side = Side::new().await;
    let db = side.crossover().await;
    db.prepare_marker().await.unwrap();
    side.owner("alter table crossover.catch_up_marker drop constraint catch_up_marker_pkey")
        .await;
    side.owner(
        "insert into crossover.catch_up_marker select 'run-1', 'n1', now(), '0/0' from generate_series(1, 2)",
    )
    .await;
    assert_eq!(db.count_markers("run-1", "n1").await.unwrap(), 2);
}

#[tokio::test]
async fn the_replication_user_may_use_the_marker_and_the_application_may_not() {
    let side = Side::new().await;
    let (cdc, app) = (
        side.add_role("cdc", "login").await,
        side.add_role("app", "login").await,
    );
    let db = side.crossover_exempting(vec![cdc.clone()]).await;
    db.prepare_marker().await.unwrap();
    let insert = "insert into crossover.catch_up_marker values ('run-1', 'n1', now(), '0/0')";
    side.session(&app)
        .await
        .unwrap()
        .batch_execute(insert)
        .await
        .expect_err("no right to the schema");
    side.session(&cdc)
        .await
        .unwrap()
        .batch_execute(insert)
        .await
        .unwrap();
    assert_eq!(db.count_markers("run-1", "n1").await.unwrap(), 1);
}
