//! The lock, and the end of sessions.

use super::{Access, PortError, WriterSample, everything, is_locked_out, locked, shop, take_lock};

#[tokio::test]
async fn the_lock_shuts_out_writers_inheriting_roles_owners_members_and_readers() {
    let side = shop().await;
    let (_db, roles) = locked(&side).await;
    let mut expected: Vec<String> = ["app", "boss", "heir", "member"]
        .map(|name| side.role(name))
        .to_vec();
    expected.sort();
    assert_eq!(roles, expected);
    for role in ["app", "boss", "heir", "member", "reader"] {
        assert!(is_locked_out(&side, role).await, "{role} can connect");
    }
    // Crossover's role has CONNECT through ownership only and must still be able to connect.
    side.crossover().await.snapshot().await.unwrap().unwrap();
}

#[tokio::test]
async fn an_open_session_writes_in_spite_of_nologin_until_the_session_is_ended() {
    let side = shop().await;
    let app = side.session(&side.role("app")).await.unwrap();
    let (db, _) = locked(&side).await;
    app.execute("insert into shop.orders values (1)", &[])
        .await
        .expect("an open session can still write");
    let sample = db.writers().await.unwrap();
    assert_eq!(sample.sessions.len(), 1, "{sample:?}");
    let words: Vec<&str> = sample.sessions[0].split(' ').collect();
    assert!(
        words[0] == "pid"
            && words[2] == side.role("app")
            && words[4].starts_with("127.0.0.1:")
            && words[5] == "app",
        "{words:?}"
    );
    assert!(!sample.is_clean());
    assert_eq!(db.end_sessions().await.unwrap(), 1);
    assert_eq!(db.writers().await.unwrap(), WriterSample::default());
    app.execute("insert into shop.orders values (2)", &[])
        .await
        .expect_err("the session was ended");
    assert_eq!(db.end_sessions().await.unwrap(), 0);
}

#[tokio::test]
async fn a_role_that_is_unlocked_by_hand_is_reported() {
    let side = shop().await;
    let (db, _) = locked(&side).await;
    side.admin(&format!("alter role {} login", side.role("boss")))
        .await;
    assert_eq!(db.writers().await.unwrap().admitted_roles, [side.role("boss")]);
}

#[tokio::test]
async fn the_lock_can_be_repeated_by_its_own_run_only() {
    let side = shop().await;
    let (db, roles) = locked(&side).await;
    let again = take_lock(&db, "run-1").await.unwrap();
    assert_eq!((again.already, again.roles), (true, roles));
    let other = take_lock(&db, "run-2").await.unwrap_err();
    assert!(
        matches!(&other, PortError::Refused { reason, .. } if reason.contains("run-1")),
        "{other}"
    );
    db.plan_lock(&everything(), "run-1").await.unwrap();
    let check = db.plan_lock(&everything(), "run-2").await.unwrap_err();
    assert_eq!(check.to_string(), other.to_string());
    assert!(db.restore("run-2").await.unwrap().is_empty());
    assert!(is_locked_out(&side, "app").await);
}

#[tokio::test]
async fn the_plan_of_a_lock_changes_nothing() {
    let side = shop().await;
    let before = (side.role_rights().await, side.acl().await);
    let db = side.crossover().await;
    db.plan_lock(&everything(), "run-1").await.unwrap();
    assert_eq!((side.role_rights().await, side.acl().await), before);
    assert_eq!(db.snapshot().await.unwrap(), None);
    assert!(!is_locked_out(&side, "app").await);
}

#[tokio::test]
async fn exactly_one_of_two_concurrent_locks_wins() {
    let side = shop().await;
    let (one, two) = (side.crossover().await, side.crossover().await);
    let (first, second) = tokio::join!(take_lock(&one, "run-1"), take_lock(&two, "run-2"));
    assert_eq!(
        u8::from(first.is_ok()) + u8::from(second.is_ok()),
        1,
        "{first:?} {second:?}"
    );
    let winner = if first.is_ok() { "run-1" } else { "run-2" };
    assert_eq!(one.snapshot().await.unwrap().unwrap().run_id, winner);
    let loser = first.err().or(second.err()).unwrap().to_string();
    assert!(loser.contains(&format!("locked by run {winner}")), "{loser}");
}

#[tokio::test]
async fn a_lock_that_cannot_take_connect_changes_nothing() {
    let side = shop().await;
    side.admin(&format!(
        "alter database {} owner to {}",
        side.name,
        side.superuser_name()
    ))
    .await;
    side.owner(&format!("create schema crossover authorization {}", side.own()))
        .await;
    let before = (side.role_rights().await, side.acl().await);
    let db = side.crossover().await;
    let error = take_lock(&db, "run-1").await.unwrap_err().to_string();
    assert!(
        error.contains("owner of the database") && error.contains("PUBLIC"),
        "{error}"
    );
    assert_eq!((side.role_rights().await, side.acl().await), before);
    assert_eq!(db.snapshot().await.unwrap(), None);
}

#[tokio::test]
async fn all_writers_that_cannot_be_altered_are_named_and_nothing_changes() {
    let side = shop().await;
    if side.version().await < 160_000 {
        return;
    }
    side.admin(&format!(
        "revoke {0} from {2}; revoke {1} from {2}",
        side.role("app"),
        side.role("boss"),
        side.own()
    ))
    .await;
    let before = (side.role_rights().await, side.acl().await);
    let db = side.crossover().await;
    let error = take_lock(&db, "run-1").await.unwrap_err().to_string();
    assert!(
        error.contains(&format!("{}, {}", side.role("app"), side.role("boss"))),
        "{error}"
    );
    let check = db.plan_lock(&everything(), "run-1").await.unwrap_err();
    assert_eq!(check.to_string(), error);
    assert_eq!((side.role_rights().await, side.acl().await), before);
}
