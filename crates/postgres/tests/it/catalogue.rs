//! Facts from the catalogue.

use crossover_core::{
    catalogue::{Need, TableName},
    plan::Scope,
    ports::Catalogue,
};
use crossover_stand::postgres::Major;

use crate::side::{Side, everything, table};

#[tokio::test]
async fn the_servers_settings_are_read() {
    let side = Side::on(Major::V17).await;
    let facts = side.crossover().await.server().await.unwrap();
    assert_eq!(facts.version_num, side.version().await);
    for need in [
        facts.decodes_changes,
        facts.retains_another_position,
        facts.serves_another_reader,
        facts.takes_writes,
    ] {
        assert_eq!(need, Need::Met);
    }
    side.crossover().await.current_position().await.unwrap();
}

#[tokio::test]
async fn tables_are_listed_with_partitions_and_keys_in_key_order() {
    let side = Side::new().await;
    side.owner(
        "create table shop.orders (id int, at date, primary key (at, id)) partition by range (at);
         create table shop.orders_rest partition of shop.orders default;
         create unlogged table shop.\"Odd \"\"name\" (id int);
         create table shop.kid () inherits (shop.\"Odd \"\"name\");
         create temp table hidden (id int);
         create view shop.v as select 1; create table public.left_out (id int)",
    )
    .await;
    let db = side.crossover().await;
    let scope = Scope {
        schemas: vec![],
        exclude: vec!["public.left_out".into()],
    };
    let tables = db.tables(&scope).await.unwrap();
    let names: Vec<&str> = tables.iter().map(|t| t.table.name.as_str()).collect();
    assert_eq!(names, ["Odd \"name", "kid", "orders", "orders_rest"]);
    assert!(tables[0].unlogged && tables[0].primary_key.is_empty());
    assert_eq!((tables[1].unlogged, &tables[1].partition_of), (false, &None));
    assert!(tables[2].partitioned && tables[2].primary_key == ["at", "id"]);
    assert_eq!(
        (tables[3].partitioned, &tables[3].partition_of),
        (false, &Some(table("orders")))
    );
    let all = db.tables(&everything()).await.unwrap();
    assert!(all.iter().any(|t| t.table
        == TableName {
            schema: "public".into(),
            name: "left_out".into()
        }));
    assert_eq!(
        all.iter()
            .filter(|t| scope.holds(&t.table.schema, &t.table.name))
            .count(),
        tables.len()
    );
}

#[tokio::test]
async fn tables_of_an_extension_are_the_extensions() {
    let side = Side::new().await;
    side.owner("create extension pg_stat_statements schema shop")
        .await;
    let db = side.crossover().await;
    assert!(db.tables(&everything()).await.unwrap().is_empty());
    assert_eq!(db.sequences(&everything()).await.unwrap(), []);
    let definitions = db.fingerprint(&everything()).await.unwrap();
    assert!(
        definitions
            .iter()
            .filter(|d| d.object.contains("pg_stat"))
            .map(|d| d.object.as_str())
            .eq(["extension pg_stat_statements"]),
        "{definitions:?}"
    );
}

#[tokio::test]
async fn open_transactions_are_listed_by_age_and_without_our_own() {
    let side = Side::new().await;
    let app = side.add_role("app", "login").await;
    let db = side.crossover().await;
    assert!(db.open_transactions(0).await.unwrap().is_empty());
    let session = side.session(&app).await.unwrap();
    session.batch_execute("begin; select 1").await.unwrap();
    let open = db.open_transactions(0).await.unwrap();
    assert_eq!(
        open.iter().map(|t| t.role.as_str()).collect::<Vec<_>>(),
        [app.as_str()]
    );
    assert!(db.open_transactions(3_600_000).await.unwrap().is_empty());
}
