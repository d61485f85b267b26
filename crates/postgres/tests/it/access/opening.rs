//! Opening of the other side.

use super::{Access, PortError, Side, is_locked_out, locked, shop, take_lock};

#[tokio::test]
async fn a_side_without_a_lock_gets_the_access_of_the_other_side() {
    let (source, target) = (shop().await, Side::new().await);
    let (from, to) = (source.crossover().await, target.crossover().await);
    take_lock(&from, "run-1").await.unwrap();
    let mut like = from.snapshot().await.unwrap().unwrap();
    // In a migration the roles of the two sides have the same names; here both databases are on one server.
    for role in &mut like.roles {
        role.role = target.role(role.role.split('_').next().unwrap());
        role.granted_connect |= role.role.starts_with("app");
    }
    target
        .admin(&format!("revoke connect on database {} from public", target.name))
        .await;
    for name in ["app", "boss", "heir"] {
        target.add_role(name, "nologin").await;
    }
    let missing = to.open(&like).await.unwrap_err();
    assert!(
        matches!(&missing, PortError::Missing { what } if what.contains(&target.role("member"))),
        "{missing}"
    );
    target.add_role("member", "nologin").await;
    let opened = to.open(&like).await.unwrap();
    assert_eq!(opened.len(), 4, "{opened:?}");
    for name in ["app", "boss", "heir", "member"] {
        assert!(!is_locked_out(&target, name).await, "{name}");
    }
    let after = (target.role_rights().await, target.acl().await);
    assert_eq!(to.open(&like).await.unwrap(), opened);
    assert_eq!((target.role_rights().await, target.acl().await), after);
}

#[tokio::test]
async fn an_owner_without_other_rights_may_be_missing_on_the_other_side() {
    let side = shop().await;
    let owner = side.add_role("landlord", "nologin").await;
    let inherit = if side.version().await >= 160_000 {
        "with inherit true"
    } else {
        ""
    };
    side.admin(&format!(
        "alter database {} owner to {owner}; grant {owner} to {} {inherit}",
        side.name,
        side.own()
    ))
    .await;
    side.owner(&format!("create schema crossover authorization {}", side.own()))
        .await;
    let before = (side.role_rights().await, side.acl().await);
    let (db, _) = locked(&side).await;
    let snapshot = db.snapshot().await.unwrap().unwrap();
    assert!(
        snapshot.roles.iter().all(|role| role.role != owner),
        "{snapshot:?}"
    );
    assert!(is_locked_out(&side, "reader").await);
    db.restore("run-1").await.unwrap();
    assert_eq!(side.role_rights().await, before.0);
}

#[tokio::test]
async fn a_side_locked_by_an_earlier_run_gets_its_recorded_access_back() {
    let side = shop().await;
    let before = side.role_rights().await;
    let (db, _) = locked(&side).await;
    let mut like = db.snapshot().await.unwrap().unwrap();
    like.run_id = "run-2".to_owned();
    like.roles.clear();
    assert!(db.open(&like).await.unwrap().contains(&side.role("app")));
    assert_eq!(side.role_rights().await, before);
}

#[tokio::test]
async fn a_replicated_record_is_not_this_sides_record() {
    let (source, target) = (shop().await, shop().await);
    let (from, to) = (source.crossover().await, target.crossover().await);
    take_lock(&to, "run-0").await.unwrap();
    to.restore("run-0").await.unwrap();
    take_lock(&from, "run-1").await.unwrap();
    let rows = source
        .superuser()
        .await
        .query("select nonce, body from crossover.access_snapshot", &[])
        .await
        .unwrap();
    let (nonce, body): (String, String) = (rows[0].get(0), rows[0].get(1));
    let insert = "insert into crossover.access_snapshot values ($1, 'run-1', now(), $2)";
    target
        .superuser()
        .await
        .execute(insert, &[&nonce, &body])
        .await
        .unwrap();
    assert_eq!(to.snapshot().await.unwrap(), None);
    assert!(to.restore("run-1").await.unwrap().is_empty());
}
