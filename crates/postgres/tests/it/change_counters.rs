//! The identity and write counters of a database, which a certificate records.

use crossover_core::{
    plan::Scope,
    ports::{ChangeCounters, DatabaseState, Positions, WriteCounts},
};
use crossover_postgres::PostgresDatabase;
use crossover_stand::postgres::Major;

use crate::side::{Side, everything, table};

const DDL: &str = "
    create table shop.orders (id int);
    create table shop.parts (id int) partition by range (id);
    create table shop.parts_a partition of shop.parts for values from (0) to (10);
    create table shop.parts_b partition of shop.parts for values from (10) to (20);
    create table shop.hollow (id int) partition by range (id);
    create view shop.seen as select 1;
";

/// Waits for counters: the server stores them shortly after the counting session has ended.
async fn wait_for(db: &PostgresDatabase, wanted: impl Fn(&DatabaseState) -> bool) -> DatabaseState {
    loop {
        let state = db.database_state(&everything()).await.unwrap();
        if wanted(&state) {
            return state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn of(state: &DatabaseState, name: &str) -> Option<WriteCounts> {
    state.tables[&table(name)].clone()
}

fn counters(state: &DatabaseState, name: &str) -> [u64; 3] {
    let written = of(state, name).unwrap();
    [written.inserts, written.updates, written.deletes]
}

#[tokio::test]
async fn writes_are_counted_and_new_files_are_reported() {
    for major in Major::ALL {
        let side = Side::on(major).await;
        side.owner(DDL).await;
        let db = side.crossover().await;
        let before = db.database_state(&everything()).await.unwrap();
        let names: Vec<String> = before.tables.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["shop.hollow", "shop.orders", "shop.parts"]);
        assert_eq!(before.database, side.name);
        assert_eq!(before.server_version_num, side.version().await);
        assert!(before.system_identifier.is_some() && before.position.is_some());

        side.owner(
            "insert into shop.orders select generate_series(1, 5); update shop.orders set id = 0 where id < 3;
             delete from shop.orders where id = 5; insert into shop.parts select generate_series(1, 15)",
        )
        .await;
        let after = wait_for(&db, |s| {
            counters(s, "orders") == [5, 2, 1] && counters(s, "parts") == [15, 0, 0]
        })
        .await;
        assert_eq!(of(&after, "hollow"), of(&before, "hollow"));
        let positions = (
            before.position.as_ref().unwrap(),
            after.position.as_ref().unwrap(),
        );
        assert!(db.bytes_ahead(positions.0, positions.1).unwrap() > Some(0));

        side.owner("truncate shop.orders; truncate shop.parts_b").await;
        let emptied = db.database_state(&everything()).await.unwrap();
        assert_eq!(emptied.counted_since_us, after.counted_since_us, "{major}");
        for name in ["orders", "parts"] {
            assert_eq!(counters(&emptied, name), counters(&after, name));
            assert_ne!(of(&emptied, name), of(&after, name), "{name}");
        }

        side.owner("select pg_stat_reset()").await;
        wait_for(&db, |s| s.counted_since_us > after.counted_since_us).await;
    }
}

#[tokio::test]
async fn facts_without_permission_are_none() {
    let side = Side::new().await;
    side.owner(DDL).await;
    side.owner(
        "revoke execute on function pg_control_system() from public, pg_monitor;
         revoke execute on function pg_current_wal_lsn() from public, pg_monitor",
    )
    .await;
    let state = side
        .crossover()
        .await
        .database_state(&everything())
        .await
        .unwrap();
    assert_eq!((state.system_identifier, state.position), (None, None));
    assert_eq!(state.tables.len(), 3);
}

#[tokio::test]
async fn a_table_written_without_track_counts_has_no_counters() {
    let side = Side::new().await;
    side.owner(DDL).await;
    let uncounted = async || {
        let state = side
            .crossover()
            .await
            .database_state(&everything())
            .await
            .unwrap();
        state.tables.values().filter(|written| written.is_none()).count()
    };
    assert_eq!(uncounted().await, 0);
    let (database, role) = (&side.name, side.own());
    for (off, on) in [
        (
            format!("alter database {database} set track_counts = off"),
            format!("alter database {database} set track_counts = on"),
        ),
        (
            format!("alter role {role} in database {database} set track_counts = no"),
            format!("alter role {role} in database {database} reset track_counts"),
        ),
    ] {
        side.admin(&off).await;
        assert_eq!(uncounted().await, 3, "{off}");
        side.admin(&on).await;
        assert_eq!(uncounted().await, 0, "{on}");
    }
    side.owner(
        "create extension postgres_fdw; create server elsewhere foreign data wrapper postgres_fdw;
         create foreign table shop.parts_far partition of shop.parts for values from (20) to (30) server elsewhere",
    )
    .await;
    assert_eq!(uncounted().await, 1);
}

#[tokio::test]
async fn tables_outside_the_scope_are_not_listed() {
    let side = Side::new().await;
    side.owner(DDL).await;
    side.owner("create table public.other (id int)").await;
    let scope = Scope {
        schemas: vec!["shop".into()],
        exclude: vec!["shop.parts".into()],
    };
    let state = side.crossover().await.database_state(&scope).await.unwrap();
    let names: Vec<String> = state.tables.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["shop.hollow", "shop.orders"]);
}
