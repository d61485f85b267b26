//! Sessions and their transactions.

use super::{Access, Catalogue, locked, shop};

#[tokio::test]
async fn a_session_counts_for_the_role_that_logged_in() {
    let side = shop().await;
    let heir = side.session(&side.role("heir")).await.unwrap();
    heir.batch_execute(&format!("set role {}", side.role("app")))
        .await
        .unwrap();
    let db = side
        .crossover_exempting(vec![side.superuser_name(), side.role("app")])
        .await;
    let sample = db.writers().await.unwrap();
    assert!(sample.sessions[0].contains(&side.role("heir")), "{sample:?}");
}

#[tokio::test]
async fn open_transactions_of_the_application_are_in_flight() {
    let side = shop().await;
    let app = side.session(&side.role("app")).await.unwrap();
    let db = side.crossover().await;
    assert_eq!(db.transactions().await.unwrap(), []);
    app.batch_execute("begin; select 1").await.unwrap();
    let reading = db.transactions().await.unwrap();
    assert!(reading.len() == 1 && !reading[0].writes, "{reading:?}");
    assert!(reading[0].who.contains(&side.role("app")), "{reading:?}");
    app.batch_execute("insert into shop.orders values (7)")
        .await
        .unwrap();
    let writing = db.transactions().await.unwrap();
    assert!(writing.len() == 1 && writing[0].writes, "{writing:?}");
    assert_eq!(writing[0].id, reading[0].id);
    app.batch_execute("commit; begin; select 1").await.unwrap();
    let next = db.transactions().await.unwrap();
    assert_ne!(
        next[0].id, writing[0].id,
        "another transaction of the same session"
    );
    app.batch_execute("commit").await.unwrap();
    assert_eq!(db.transactions().await.unwrap(), []);
}

#[tokio::test]
async fn a_superusers_session_is_reported_and_not_ended() {
    let side = shop().await;
    let superuser = side.superuser().await;
    let db = side.crossover_exempting(vec![]).await;
    assert_eq!(db.end_sessions().await.unwrap(), 0);
    let sample = db.writers().await.unwrap();
    assert_eq!(sample.superuser_sessions.len(), 1);
    assert_eq!(sample.sessions, sample.superuser_sessions);
    superuser
        .query_one("select 1", &[])
        .await
        .expect("the session still exists");
}

#[tokio::test]
async fn a_prepared_transaction_is_reported() {
    let side = shop().await;
    let app = side.session(&side.role("app")).await.unwrap();
    let gid = side.role("late");
    app.batch_execute(&format!(
        "begin; insert into shop.orders values (9); prepare transaction '{gid}'"
    ))
    .await
    .unwrap();
    drop(app);
    let (db, _) = locked(&side).await;
    db.end_sessions().await.unwrap();
    let sample = db.writers().await.unwrap();
    assert_eq!(
        (sample.prepared.as_slice(), sample.is_clean()),
        ([gid.clone()].as_slice(), false)
    );
    let all = db.prepared_transactions().await.unwrap();
    assert_eq!(
        (all[0].gid.as_str(), all[0].owner.as_str()),
        (gid.as_str(), side.role("app").as_str())
    );
    side.owner(&format!("rollback prepared '{gid}'")).await;
    assert!(db.writers().await.unwrap().is_clean());
}

#[tokio::test]
async fn sessions_with_a_hidden_state_are_an_error() {
    let side = shop().await;
    if side.version().await < 160_000 {
        // Before version 16 the right to administer a role is a full membership, which shows the role's
        // sessions.
        return;
    }
    side.admin(&format!("revoke pg_monitor from {}", side.own()))
        .await;
    let _app = side.session(&side.role("app")).await.unwrap();
    let error = side.crossover().await.writers().await.unwrap_err().to_string();
    assert!(
        error.contains("pg_monitor") && error.contains(&side.role("app")),
        "{error}"
    );
}
