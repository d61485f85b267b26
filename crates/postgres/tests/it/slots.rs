//! Logical slots. A prepared transaction anywhere on the server blocks the creation of slots, so these tests
//! do not run at the same time as the one that prepares a transaction, and no other test on this server
//! prepares one.

use crossover_core::ports::{Catalogue, PortError, PortResult, Positions, RetainedPositions};
use crossover_stand::postgres::Major;
use tokio::sync::RwLock;

use crate::side::Side;

static TURNS: RwLock<()> = RwLock::const_new(());

fn refusal<T: std::fmt::Debug>(answer: PortResult<T>) -> String {
    match answer {
        Err(PortError::Refused { reason, .. }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_slot_is_created_once_advanced_and_dropped() {
    let _turn = TURNS.read().await;
    let side = Side::on(Major::V17).await;
    let db = side.crossover().await;
    let name = side.role("slot");
    let made = db.retain_position(&name).await.unwrap();
    assert_eq!(db.retain_position(&name).await.unwrap(), made);
    assert_eq!(
        db.retained_positions().await.unwrap(),
        std::slice::from_ref(&name)
    );
    let for_another_reader = side.crossover().await.with_output_plugin("pgoutput");
    assert!(refusal(for_another_reader.retain_position(&name).await).contains("test_decoding"));
    let other = Side::on(Major::V17).await.crossover().await;
    assert!(refusal(other.retain_position(&name).await).contains("another database"));

    side.owner("create table shop.t (id int primary key); insert into shop.t values (1)")
        .await;
    let now = db.current_position().await.unwrap();
    let reached = db.advance_position(&name, &now).await.unwrap();
    assert!(
        db.bytes_ahead(&made, &reached).unwrap() > Some(0),
        "{made} {reached}"
    );
    assert!(!db.lies_behind(&reached, &now).unwrap(), "{reached} {now}");
    assert_eq!(
        db.advance_position(&name, &made).await.unwrap(),
        reached,
        "a slot is never moved back"
    );

    db.release_position(&name).await.unwrap();
    db.release_position(&name).await.unwrap();
    let gone = db.advance_position(&name, &now).await.unwrap_err();
    assert!(
        matches!(&gone, PortError::Missing { what } if what.contains(&name)),
        "{gone}"
    );
}

#[tokio::test]
async fn a_slot_is_advanced_in_one_session_and_in_a_new_one_after_that_ended() {
    let _turn = TURNS.read().await;
    let side = Side::on(Major::V17).await;
    let db = side.crossover().await;
    let name = side.role("slot");
    db.retain_position(&name).await.unwrap();
    side.owner("create table shop.t (id int)").await;
    let advance = async || {
        side.owner("insert into shop.t values (1)").await;
        db.advance_position(&name, &db.current_position().await.unwrap())
            .await
            .unwrap();
        let sessions = "select coalesce(array_agg(a.pid), '{}') from pg_stat_activity a \
                        where a.datname = $1::text and a.query like '%pg_replication_slot_advance%' and a.pid <> pg_backend_pid()";
        let row = side.admin.query_one(sessions, &[&side.name]).await.unwrap();
        row.get::<_, Vec<i32>>(0)
    };
    let first = advance().await;
    assert_eq!(first.len(), 1);
    assert_eq!(advance().await, first);
    side.admin(&format!("select pg_terminate_backend({}, 10000)", first[0]))
        .await;
    let second = advance().await;
    assert!(second.len() == 1 && second != first, "{first:?} {second:?}");
    db.release_position(&name).await.unwrap();
}

#[tokio::test]
async fn a_slot_waits_for_an_open_transaction() {
    let _turn = TURNS.read().await;
    let side = Side::on(Major::V17).await;
    side.owner("create table shop.t (id int primary key)").await;
    let writer = side.superuser().await;
    writer
        .batch_execute("begin; insert into shop.t values (1)")
        .await
        .unwrap();
    let db = side.crossover().await;
    let name = side.role("slot");
    let making = async { db.retain_position(&name).await };
    let ending = async {
        // As soon as the slot is listed, its creation has started and waits for the writer.
        while side
            .admin
            .query(
                "select from pg_replication_slots where slot_name = $1::text",
                &[&name],
            )
            .await
            .unwrap()
            .is_empty()
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        writer.batch_execute("commit").await.unwrap();
    };
    let (made, ()) = tokio::join!(making, ending);
    made.unwrap();
    db.release_position(&name).await.unwrap();
}

#[tokio::test]
async fn a_slot_is_refused_at_once_while_a_transaction_is_prepared() {
    let _turn = TURNS.write().await;
    let side = Side::on(Major::V17).await;
    let gid = side.role("late");
    side.owner("create table shop.t (id int)").await;
    side.owner(&format!(
        "begin; insert into shop.t values (1); prepare transaction '{gid}'"
    ))
    .await;
    let db = side.crossover().await;
    let reason = refusal(db.retain_position(&side.role("slot")).await);
    assert!(reason.contains(&gid) && reason.contains(&side.name), "{reason}");
    side.owner(&format!("rollback prepared '{gid}'")).await;
}

#[tokio::test]
async fn a_slot_in_use_is_reported_with_its_reader_and_kept() {
    let _turn = TURNS.read().await;
    let (side, reader) = (Side::on(Major::V17).await, Side::on(Major::V17).await);
    let db = side.crossover().await.with_output_plugin("pgoutput");
    let name = side.role("slot");
    db.retain_position(&name).await.unwrap();
    side.owner("create publication p").await;
    let settings = side.settings();
    reader
        .owner(&format!(
            "create subscription s_{0} connection 'host={1} port={2} dbname={0} user={3} password={4}' \
             publication p with (create_slot = false, slot_name = '{name}')",
            side.name,
            settings.host,
            settings.port,
            side.own(),
            crate::side::PASSWORD
        ))
        .await;
    let active = "select active_pid from pg_replication_slots where slot_name = $1::text and active";
    let pid: i32 = loop {
        if let Some(row) = side.admin.query_opt(active, &[&name]).await.unwrap() {
            break row.get(0);
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let reason = refusal(db.release_position(&name).await);
    assert!(
        reason.contains(&format!("pid {pid}")) && reason.contains(&name),
        "{reason}"
    );
    let reason = refusal(
        db.advance_position(&name, &db.current_position().await.unwrap())
            .await,
    );
    assert!(reason.contains(&format!("pid {pid}")), "{reason}");
    reader
        .owner(&format!("alter subscription s_{} disable", side.name))
        .await;
    reader
        .owner(&format!(
            "alter subscription s_{} set (slot_name = none)",
            side.name
        ))
        .await;
    reader.owner(&format!("drop subscription s_{}", side.name)).await;
    while side.admin.query_opt(active, &[&name]).await.unwrap().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    db.release_position(&name).await.unwrap();
}
