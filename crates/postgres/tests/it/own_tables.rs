//! Crossover's own tables, judged and created.

use crossover_core::ports::{Catalogue, CatchUpMarkers};
use crossover_postgres::PostgresDatabase;
use crossover_stand::postgres::Major;

use crate::side::Side;

async fn lacking(db: &PostgresDatabase) -> Vec<String> {
    let lacking = db.own_tables().await.unwrap();
    lacking
        .into_iter()
        .map(|lack| format!("{} {}", lack.object, lack.message))
        .collect()
}

#[tokio::test]
async fn every_version_is_prepared_and_then_lacks_nothing() {
    for &major in &Major::ALL {
        let side = Side::on(major).await;
        let carrier = side.add_role("carrier", "login replication").await;
        let db = side.crossover_exempting(vec![carrier]).await;
        assert_eq!(
            lacking(&db).await,
            ["crossover.catch_up_marker does not exist"],
            "{major:?}"
        );
        db.prepare_marker().await.unwrap();
        assert_eq!(lacking(&db).await, Vec::<String>::new(), "{major:?}");
        side.owner("alter table crossover.catch_up_marker alter position type text")
            .await;
        let found = lacking(&db).await;
        assert!(
            found.len() == 1 && found[0].contains("position text not null"),
            "{major:?}: {found:?}"
        );
    }
}

#[tokio::test]
async fn membership_in_the_role_of_rds_makes_a_replication_user() {
    let side = Side::new().await;
    let carrier = side.add_role("carrier", "login").await;
    let watcher = side.add_role("watcher", "login").await;
    side.crossover().await.prepare_marker().await.unwrap();
    side.owner(&format!(
        "grant usage on schema crossover to {watcher}; grant all on crossover.catch_up_marker to {watcher}"
    ))
    .await;
    let db = side.crossover_exempting(vec![carrier.clone(), watcher]).await;
    // One of two roles that could each be the replication user has everything.
    assert_eq!(lacking(&db).await, Vec::<String>::new());
    // The role belongs to the whole server, and other tests use it too.
    side.admin(&format!(
        "do $$ begin create role rds_replication; exception when duplicate_object or unique_violation then null; end $$; \
         grant rds_replication to {carrier}"
    ))
    .await;
    let found = lacking(&db).await;
    assert!(found.len() == 1 && found[0].contains(&carrier), "{found:?}");
}
