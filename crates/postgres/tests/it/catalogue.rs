//! Facts from the catalogue.

use crossover_core::{
    Millis,
    catalogue::{MissingIdentity, Need, ReplicaIdentity, TableName},
    plan::Scope,
    ports::Catalogue,
};
use crossover_postgres::identity_sql;
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
async fn a_dot_in_a_name_does_not_exclude_another_table() {
    let side = Side::new().await;
    side.owner(
        "create schema \"a.b\"; create schema a; create table \"a.b\".c (id int); create table a.\"b.c\" (id int)",
    )
    .await;
    let db = side.crossover().await;
    let tables = async |scope: &Scope| {
        let tables = db.tables(scope).await.unwrap();
        tables.into_iter().map(|facts| facts.table).collect::<Vec<_>>()
    };
    let both = tables(&everything()).await;
    assert_eq!(both.len(), 2);
    assert_ne!(both[0].to_string(), both[1].to_string());
    for left_out in &both {
        let scope = everything().without(std::slice::from_ref(left_out));
        let rest: Vec<_> = both.iter().filter(|table| *table != left_out).cloned().collect();
        assert_eq!(tables(&scope).await, rest, "{scope:?}");
        let held = both
            .iter()
            .filter(|table| scope.holds(&table.schema, &table.name));
        assert_eq!(held.cloned().collect::<Vec<_>>(), rest, "{scope:?}");
    }
}

#[tokio::test]
async fn the_replica_identity_is_read_as_the_server_uses_it() {
    use MissingIdentity::{DeferrablePrimaryKey, IndexIsGone, NoPrimaryKey, Nothing};
    use ReplicaIdentity::{FullRow, Key, Missing};
    for major in [Major::V12, Major::V18] {
        let side = Side::on(major).await;
        side.owner(
            "create table shop.keyed (id int primary key);
             create table shop.bare (id int);
             create table shop.unchosen (id int not null unique, other int unique);
             create table shop.late (id int primary key deferrable);
             create table shop.mute (id int primary key);
             create table shop.whole (id int);
             create table shop.by_index (id int not null unique);
             create table shop.gone (id int not null unique);
             create table shop.parent (id int primary key) partition by range (id);
             create table shop.leaf partition of shop.parent default;
             create table shop.kid () inherits (shop.bare);
             alter table shop.mute replica identity nothing;
             alter table shop.whole replica identity full;
             alter table shop.by_index replica identity using index by_index_id_key;
             alter table shop.gone replica identity using index gone_id_key;
             alter table shop.gone drop constraint gone_id_key",
        )
        .await;
        let tables = side.crossover().await.tables(&everything()).await.unwrap();
        let found: Vec<_> = tables
            .iter()
            .map(|t| (t.table.name.as_str(), t.identity, t.unique_index.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                ("bare", Missing(NoPrimaryKey), None),
                ("by_index", Key, Some("by_index_id_key")),
                ("gone", Missing(IndexIsGone), None),
                ("keyed", Key, Some("keyed_pkey")),
                ("kid", Missing(NoPrimaryKey), None),
                ("late", Missing(DeferrablePrimaryKey), None),
                ("leaf", Key, Some("leaf_pkey")),
                ("mute", Missing(Nothing), Some("mute_pkey")),
                ("parent", Key, Some("parent_pkey")),
                ("unchosen", Missing(NoPrimaryKey), Some("unchosen_id_key")),
                ("whole", FullRow, None),
            ],
            "{major}"
        );
        assert_eq!(tables[4].child_of, Some(table("bare")));
    }
}

#[tokio::test]
async fn the_generated_sql_gives_every_table_a_replica_identity() {
    let side = Side::new().await;
    side.owner(
        "create table shop.bare (id int);
         create table shop.\"Odd \"\"name\" (id int not null unique);
         create table shop.mute (id int primary key); alter table shop.mute replica identity nothing;
         create table shop.late (id int primary key deferrable);
         create table shop.keyed (id int primary key);
         create table shop.parent (id int) partition by range (id);
         create table shop.leaf partition of shop.parent default",
    )
    .await;
    let database = side.crossover().await;
    let before = database.tables(&everything()).await.unwrap();
    let sql = identity_sql(&before).expect("four tables lack one");
    assert!(
        sql.contains("replica identity using index \"Odd \"\"name_id_key\"")
            && sql.contains("alter table \"shop\".\"mute\" replica identity default")
            && sql.contains("-- shop.leaf has no primary key (under shop.parent)")
            && !sql.contains("keyed"),
        "{sql}"
    );
    side.owner(&sql).await;
    let after = database.tables(&everything()).await.unwrap();
    assert_eq!(identity_sql(&after), None, "{after:?}");
}

#[tokio::test]
async fn triggers_that_fire_for_replicated_changes_are_read_once_for_a_parent_and_its_partitions() {
    for major in [Major::V12, Major::V18] {
        let side = Side::on(major).await;
        side.owner(
            "create function shop.act() returns trigger language plpgsql as 'begin return null; end';
             create table shop.parent (id int) partition by range (id);
             create table shop.leaf partition of shop.parent default;
             create table shop.plain (id int);
             create trigger audit after insert on shop.parent for each row execute function shop.act();
             create trigger own after insert on shop.leaf for each row execute function shop.act();
             create trigger off after insert on shop.plain for each row execute function shop.act();
             create trigger copy after insert on shop.plain for each row execute function shop.act();
             create trigger usual after insert on shop.plain for each row execute function shop.act();
             alter table shop.parent enable always trigger audit;
             alter table shop.leaf enable always trigger audit;
             alter table shop.leaf enable always trigger own;
             alter table shop.plain disable trigger off;
             alter table shop.plain enable replica trigger copy",
        )
        .await;
        let tables = side.crossover().await.tables(&everything()).await.unwrap();
        let found: Vec<_> = tables
            .iter()
            .flat_map(|t| {
                t.firing_triggers
                    .iter()
                    .map(|f| (t.table.name.as_str(), f.name.as_str(), f.always))
            })
            .collect();
        assert_eq!(
            found,
            [
                ("leaf", "own", true),
                ("parent", "audit", true),
                ("plain", "copy", false)
            ],
            "{major}"
        );
    }
}

#[tokio::test]
async fn tables_with_rows_hidden_from_our_role_are_reported() {
    let side = Side::new().await;
    side.owner(&format!(
        "create table shop.open (id int primary key);
         create table shop.guarded (id int primary key);
         create table shop.own (id int primary key);
         create table shop.forced (id int primary key);
         grant select on all tables in schema shop to {own};
         alter table shop.own owner to {own}; alter table shop.forced owner to {own};
         alter table shop.guarded enable row level security;
         alter table shop.own enable row level security;
         alter table shop.forced enable row level security;
         alter table shop.forced force row level security",
        own = side.own()
    ))
    .await;
    let hidden = async || {
        let tables = side.crossover().await.tables(&everything()).await.unwrap();
        let hidden = tables.into_iter().filter(|t| t.rows_hidden).map(|t| t.table.name);
        hidden.collect::<Vec<_>>()
    };
    assert_eq!(hidden().await, ["forced", "guarded"]);
    side.admin(&format!("alter role {} bypassrls", side.own())).await;
    assert!(hidden().await.is_empty());
}

#[tokio::test]
async fn tables_of_an_extension_are_left_out() {
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
async fn open_transactions_are_listed_by_age_without_crossovers_own() {
    let side = Side::new().await;
    let app = side.add_role("app", "login").await;
    let db = side.crossover().await;
    assert!(db.open_transactions(Millis(0)).await.unwrap().is_empty());
    let session = side.session(&app).await.unwrap();
    session.batch_execute("begin; select 1").await.unwrap();
    let open = db.open_transactions(Millis(0)).await.unwrap();
    assert_eq!(
        open.iter().map(|t| t.role.as_str()).collect::<Vec<_>>(),
        [app.as_str()]
    );
    assert!(db.open_transactions(Millis(3_600_000)).await.unwrap().is_empty());
}
