//! Roles that can write.

use super::{Catalogue, Major, everything, shop, shop_on};

#[tokio::test]
async fn every_source_of_write_rights_is_found_and_named() {
    let side = shop().await;
    let roles = side
        .crossover()
        .await
        .roles(&everything(), &[side.role("reader")])
        .await
        .unwrap();
    let because = |name: &str| {
        roles
            .iter()
            .find(|r| r.role == side.role(name))
            .map(|r| r.because.clone())
            .unwrap_or_default()
    };
    assert_eq!(because("app"), "may insert shop.orders");
    assert_eq!(because("boss"), "owner of shop.items");
    assert_eq!(because("heir"), format!("member of {}", side.role("app")));
    assert_eq!(because("member"), format!("member of {}", side.role("team")));
    assert_eq!(because("team"), "may update shop.orders.note");
    assert_eq!(because("reader"), "may not write a table in scope");
    assert!(roles.iter().all(|r| r.writes != (r.role == side.role("reader"))));
    assert!(
        roles
            .iter()
            .all(|r| r.role != side.own() && r.role != side.superuser_name())
    );
}

#[tokio::test]
async fn a_right_of_public_makes_every_login_role_a_writer() {
    let side = shop().await;
    side.owner("grant delete on shop.orders to public").await;
    let roles = side.crossover().await.roles(&everything(), &[]).await.unwrap();
    let reader = roles.iter().find(|r| r.role == side.role("reader")).unwrap();
    assert_eq!(reader.because, "PUBLIC may delete shop.orders");
}

#[tokio::test]
async fn a_member_of_pg_write_all_data_is_a_writer() {
    // The right applies to every database of the server, so the test avoids the server on which other tests
    // lock.
    let side = shop_on(Major::V17).await;
    side.admin(&format!("grant pg_write_all_data to {}", side.role("reader")))
        .await;
    let roles = side.crossover().await.roles(&everything(), &[]).await.unwrap();
    assert!(
        roles
            .iter()
            .any(|r| r.role == side.role("reader") && r.because == "member of pg_write_all_data"),
        "{roles:?}"
    );
    assert!(roles.iter().all(|r| !r.role.starts_with("pg_")));
    side.admin(&format!("revoke pg_write_all_data from {}", side.role("reader")))
        .await;
}

#[tokio::test]
async fn superusers_are_reported_and_exempt_roles_are_not() {
    let side = shop().await;
    let all = side
        .crossover_exempting(vec![])
        .await
        .roles(&everything(), &[])
        .await
        .unwrap();
    let superuser = all.iter().find(|r| r.role == side.superuser_name()).unwrap();
    assert!(superuser.superuser && superuser.writes);
    let exempt = side
        .crossover_exempting(vec![side.superuser_name(), side.role("app")])
        .await;
    let roles = exempt.roles(&everything(), &[]).await.unwrap();
    assert!(
        roles
            .iter()
            .all(|r| r.role != side.role("app") && r.role != side.superuser_name())
    );
}
