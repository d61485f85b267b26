//! Restoration of the recorded access.

use super::{Access, Side, is_locked_out, locked, shop, take_lock};

/// Locks and restores, and compares all roles and rights before and after.
async fn expect_lock_and_restore_to_change_nothing(side: &Side) {
    let before = (side.role_rights().await, side.acl().await);
    let (db, _) = locked(side).await;
    assert_ne!(side.role_rights().await, before.0);
    assert_eq!(db.snapshot().await.unwrap().unwrap().acl, before.1);
    let restored = db.restore("run-1").await.unwrap();
    assert!(restored.contains(&side.role("app")), "{restored:?}");
    assert_eq!(side.role_rights().await, before.0);
    if before.1.is_some() {
        assert_eq!(side.acl().await, before.1);
    }
    assert_eq!(db.snapshot().await.unwrap(), None);
    assert!(db.restore("run-1").await.unwrap().is_empty());
    assert!(!is_locked_out(side, "app").await);
    // Locked and restored twice: the second time must have the same result.
    take_lock(&db, "run-2").await.unwrap();
    assert!(is_locked_out(side, "app").await);
}

#[tokio::test]
async fn abort_restores_every_role() {
    let side = shop().await;
    expect_lock_and_restore_to_change_nothing(&side).await;
}

#[tokio::test]
async fn an_explicit_access_list_is_restored_to_the_same_text() {
    let side = shop().await;
    let (name, app, reader, team) = (
        &side.name,
        side.role("app"),
        side.role("reader"),
        side.role("team"),
    );
    side.admin(&format!(
        "revoke all on database {name} from public;
         grant connect on database {name} to {team} with grant option;
         grant connect, create on database {name} to {app};
         grant temporary on database {name} to public;
         grant connect on database {name} to {reader}, {};
         grant connect on database {name} to {}",
        side.role("heir"),
        side.own()
    ))
    .await;
    expect_lock_and_restore_to_change_nothing(&side).await;
}

#[tokio::test]
async fn an_exempt_role_with_connect_by_public_keeps_access_and_its_temporary_grant_is_revoked() {
    let side = shop().await;
    let cdc = side.add_role("cdc", "login").await;
    side.admin(&format!("grant connect on database {} to public", side.name))
        .await;
    let before = side.acl().await;
    let db = side
        .crossover_exempting(vec![side.superuser_name(), cdc.clone()])
        .await;
    let session = side.session(&cdc).await.unwrap();
    take_lock(&db, "run-1").await.unwrap();
    assert!(!is_locked_out(&side, "cdc").await && is_locked_out(&side, "reader").await);
    assert_eq!(db.end_sessions().await.unwrap(), 0);
    session
        .query_one("select 1", &[])
        .await
        .expect("an exempt session continues");
    db.restore("run-1").await.unwrap();
    assert_eq!(side.acl().await, before);
}
