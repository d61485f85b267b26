//! Changes between the comparison and the repair, and during the repair.

use std::sync::{Arc, Mutex};

use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::{Desk, hooked::Hooked, outcomes, value, writers};
use crate::pair::Pair;

const TABLE: &str = "create table t (id int primary key, a text);
    insert into t select n, 'a' from generate_series(1, 9) n";
/// Two reads of the source before anything is locked (the check, the values), and the one before the commit.
const UNDER_THE_LOCK: usize = 3;

/// Rows 1 and 2 changed on the target, 3 missing, 100 extra.
async fn drifted() -> Pair {
    let pair = Pair::new().await;
    pair.both(TABLE).await;
    pair.target("update t set a = 'drift' where id in (1, 2); delete from t where id = 3; insert into t values (100, 'extra')")
        .await;
    pair
}

/// Waits until a session of this database waits for a lock, or the work has ended without a wait.
async fn until_it_waits(client: &Client, work: &JoinHandle<()>) {
    let sql = "select exists (select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock')";
    while !work.is_finished() {
        if client.query_one(sql, &[]).await.unwrap().get(0) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn rows_that_changed_on_the_source_since_the_comparison_are_left_to_the_stream() {
    let pair = drifted().await;
    let desk = Desk::at(&pair).await;
    let plan = desk.plan().await;
    pair.source("update t set a = 'newer' where id = 1; delete from t where id = 3; insert into t values (100, 'newer')")
        .await;
    let report = desk.apply(&plan).await;
    assert_eq!(
        outcomes(&report),
        [
            "public.t 1 changed on source",
            "public.t 100 changed on source",
            "public.t 2 repaired",
            "public.t 3 changed on source"
        ]
    );
    let a = value(
        &pair.target,
        "select string_agg(id || a, ' ' order by id) from t where id in (1, 2, 3, 100)",
    );
    assert_eq!(a.await.unwrap(), "1drift 2a 100extra");
}

#[tokio::test]
async fn rows_that_changed_on_the_target_since_the_comparison_stay_unchanged() {
    let pair = drifted().await;
    let desk = Desk::at(&pair).await;
    let plan = desk.plan().await;
    pair.target("update t set a = 'newer' where id in (1, 100); insert into t values (3, 'newer')")
        .await;
    let report = desk.apply(&plan).await;
    assert_eq!(
        outcomes(&report),
        [
            "public.t 1 changed on target",
            "public.t 100 changed on target",
            "public.t 2 repaired",
            "public.t 3 changed on target"
        ]
    );
    let a = value(
        &pair.target,
        "select string_agg(id || a, ' ' order by id) from t where id in (1, 2, 3, 100)",
    );
    assert_eq!(a.await.unwrap(), "1newer 2a 3newer 100newer");
}

#[tokio::test]
async fn only_the_row_that_changes_on_the_source_during_the_write_is_rolled_back() {
    let pair = Pair::new().await;
    pair.both(TABLE).await;
    pair.target("update t set a = 'drift' where id in (1, 2)").await;
    let desk = Desk::at(&pair).await;
    let plan = desk.plan().await;
    let before = writers(&pair.target, "select id::text, xmin::text from t").await;
    let change = || -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(pair.source("update t set a = 'newer' where id = 1"))
    };
    let source = Hooked::before(&desk.source, UNDER_THE_LOCK, Box::new(change));
    let report = desk.apply_reading(&source, &plan).await;
    assert_eq!(
        outcomes(&report),
        ["public.t 1 changed on source", "public.t 2 repaired"]
    );
    let after = writers(&pair.target, "select id::text, xmin::text from t").await;
    assert_eq!(super::touched(&before, &after), ["2"]);
}

/// A stream that applies plain statements would not find the row that is being inserted, and would lose its
/// update.
#[tokio::test]
async fn an_update_during_the_insert_of_a_missing_row_is_not_lost() {
    let pair = drifted().await;
    let desk = Desk::at(&pair).await;
    let mut plan = desk.plan().await;
    plan.tables[0].changes.retain(|change| change.before.is_none());
    let stream: Arc<Mutex<Option<JoinHandle<()>>>> = Arc::default();
    let change = || -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let stream = Arc::clone(&stream);
        let (pair, target) = (&pair, pair.target.clone());
        Box::pin(async move {
            let newer = "update t set a = 'newer' where id = 3";
            pair.source(newer).await;
            let work = tokio::spawn(async move {
                target
                    .connect()
                    .await
                    .unwrap()
                    .batch_execute(newer)
                    .await
                    .unwrap();
            });
            until_it_waits(&pair.target.connect().await.unwrap(), &work).await;
            *stream.lock().unwrap() = Some(work);
        })
    };
    // The read before the commit sees the old row; the change is made right after that read.
    let source = Hooked::after(&desk.source, UNDER_THE_LOCK, Box::new(change));
    desk.apply_reading(&source, &plan).await;
    let work = stream.lock().unwrap().take().unwrap();
    work.await.unwrap();
    let a = value(&pair.target, "select a from t where id = 3").await;
    assert_eq!(a.as_deref(), Some("newer"));
}

#[tokio::test]
async fn a_delete_and_an_update_wait_for_the_repair_and_win() {
    let pair = Pair::new().await;
    pair.both(TABLE).await;
    pair.target("update t set a = 'drift' where id in (1, 2)").await;
    let desk = Desk::at(&pair).await;
    let plan = desk.plan().await;
    let stream: Arc<Mutex<Option<JoinHandle<()>>>> = Arc::default();
    let change = || -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let stream = Arc::clone(&stream);
        let (pair, target) = (&pair, pair.target.clone());
        Box::pin(async move {
            let newer = "update t set a = 'newer' where id = 1; delete from t where id = 2";
            pair.source(newer).await;
            let work = tokio::spawn(async move {
                target
                    .connect()
                    .await
                    .unwrap()
                    .batch_execute(newer)
                    .await
                    .unwrap();
            });
            until_it_waits(&pair.target.connect().await.unwrap(), &work).await;
            *stream.lock().unwrap() = Some(work);
        })
    };
    let source = Hooked::after(&desk.source, UNDER_THE_LOCK, Box::new(change));
    desk.apply_reading(&source, &plan).await;
    let work = stream.lock().unwrap().take().unwrap();
    work.await.unwrap();
    assert!(desk.verify().await.equal);
}

#[tokio::test]
async fn rows_that_another_session_holds_are_waited_for() {
    let pair = drifted().await;
    let desk = Desk::at(&pair).await;
    let plan = desk.plan().await;
    let mut other = pair.target.connect().await.unwrap();
    let hold = other.transaction().await.unwrap();
    hold.batch_execute("select from t where id = 1 for update; lock table t in row exclusive mode")
        .await
        .unwrap();
    let observer = pair.target.connect().await.unwrap();
    let waits = async {
        let sql = "select exists (select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock')";
        while !observer.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::task::yield_now().await;
        }
        hold.rollback().await.unwrap();
    };
    let (report, ()) = tokio::join!(desk.apply(&plan), waits);
    assert_eq!(report.totals.repaired, 4, "{:?}", outcomes(&report));
    assert!(desk.verify().await.equal);
}
