//! The planner's statistics of tables.

use crossover_core::{
    catalogue::TableStatistics,
    ports::Catalogue,
    schema::{Staleness, stale},
};
use crossover_postgres::PostgresDatabase;
use crossover_stand::postgres::Major;

use crate::side::{Side, everything, table};

const DDL: &str = "
    create table shop.orders (id int, at int) with (autovacuum_enabled = off);
    create table shop.quiet (id int) with (autovacuum_enabled = off);
    create table shop.parts (id int) partition by range (id);
    create table shop.parts_a partition of shop.parts for values from (0) to (1000000) with (autovacuum_enabled = off);
    create materialized view shop.totals as select id from shop.quiet;
";

async fn find(db: &PostgresDatabase, name: &str) -> TableStatistics {
    let all = db.statistics(&everything()).await.unwrap();
    all.into_iter()
        .find(|s| s.table == table(name))
        .unwrap_or_else(|| panic!("statistics of {name}"))
}

/// Waits for counters: the server stores them shortly after the counting session has ended.
async fn wait_for(
    db: &PostgresDatabase,
    name: &str,
    wanted: impl Fn(&TableStatistics) -> bool,
) -> TableStatistics {
    loop {
        let statistics = find(db, name).await;
        if wanted(&statistics) {
            return statistics;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn judged(db: &PostgresDatabase) -> Vec<(String, Staleness)> {
    let all = db.statistics(&everything()).await.unwrap();
    stale(&all, &all, db)
        .into_iter()
        .map(|s| (s.table, s.staleness))
        .collect()
}

async fn with_tables(major: Major) -> (Side, PostgresDatabase) {
    let side = Side::on(major).await;
    side.owner(&format!(
        "{DDL} grant select on all tables in schema shop to {}",
        side.own()
    ))
    .await;
    let db = side.crossover().await;
    (side, db)
}

#[tokio::test]
async fn statistics_are_read_and_judged_after_load_analyze_and_changes() {
    for major in Major::ALL {
        let (side, db) = with_tables(major).await;
        let fresh = find(&db, "orders").await;
        assert_eq!(
            (
                fresh.live_rows,
                fresh.analysed_ago_ms,
                fresh.has_column_statistics
            ),
            (0, None, false)
        );
        assert_eq!(judged(&db).await, [], "empty tables need no statistics");

        side.owner(
            "insert into shop.orders select i, i from generate_series(1, 2000) i;
             insert into shop.parts select i from generate_series(1, 500) i",
        )
        .await;
        wait_for(&db, "orders", |s| s.live_rows == 2000).await;
        wait_for(&db, "parts", |s| s.live_rows == 500).await;
        let never = |name: &str| (format!("shop.{name}"), Staleness::NeverAnalysed);
        assert_eq!(
            judged(&db).await,
            [never("orders"), never("parts"), never("parts_a")]
        );

        side.owner("analyze shop.orders; analyze shop.parts").await;
        let analysed = wait_for(&db, "orders", |s| s.changed_since == 0).await;
        assert_eq!(
            (analysed.planned_rows, analysed.has_column_statistics),
            (Some(2000), true)
        );
        assert!(analysed.analysed_ago_ms.is_some());
        wait_for(&db, "parts", |s| s.planned_rows == Some(500)).await;
        assert_eq!(judged(&db).await, []);

        side.owner("update shop.orders set at = 0 where id <= 1500").await;
        wait_for(&db, "orders", |s| s.changed_since == 1500).await;
        assert_eq!(
            judged(&db).await,
            [("shop.orders".to_owned(), Staleness::Outdated)]
        );
    }
}

#[tokio::test]
async fn statistics_outlive_lost_counters() {
    let (side, db) = with_tables(Major::V17).await;
    side.owner("insert into shop.orders select i, i from generate_series(1, 2000) i; analyze shop.orders")
        .await;
    wait_for(&db, "orders", |s| s.analysed_ago_ms.is_some()).await;
    side.owner("select pg_stat_reset()").await;
    let lost = wait_for(&db, "orders", |s| s.analysed_ago_ms.is_none()).await;
    assert_eq!(
        (lost.live_rows, lost.planned_rows, lost.has_column_statistics),
        (0, Some(2000), true)
    );
    assert_eq!(judged(&db).await, []);
}

#[tokio::test]
async fn tables_and_materialized_views_in_scope_are_listed_and_nothing_else() {
    let (side, db) = with_tables(Major::V16).await;
    side.owner("create view shop.seen as select 1; create table public.other (id int)")
        .await;
    let all = db.statistics(&everything()).await.unwrap();
    let names: Vec<String> = all.iter().map(|s| s.table.to_string()).collect();
    assert_eq!(
        names,
        [
            "public.other",
            "shop.orders",
            "shop.parts",
            "shop.parts_a",
            "shop.quiet",
            "shop.totals"
        ]
    );
    let scope = crossover_core::plan::Scope {
        schemas: vec!["shop".into()],
        exclude: vec!["shop.orders".into()],
    };
    assert_eq!(db.statistics(&scope).await.unwrap().len(), 4);
}
