//! A server that becomes busy while a table is read by its blocks.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use crossover_core::{Millis, UnixMillis, plan::Scope, ports::Clock};
use crossover_stand::postgres::{Database, Major, TestServer};
use crossover_verify::{Event, Sides, VerifyOptions, Watch, compare_rows};

use crate::pair::{LIMIT, Pair, apart, block_on, crossover, is_true, still, until};

const BUSY: &str = "select pg_sleep(3600)";

/// A clock that makes every reading of the load old.
struct Hasty(AtomicU64);

#[async_trait]
impl Clock for Hasty {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.fetch_add(1_000, Relaxed))
    }
    async fn sleep(&self, length: Millis) {
        tokio::time::sleep(length.into()).await;
    }
}

/// Starts work on the source's server after some rows were read.
struct GetsBusy<'a> {
    database: &'a Database,
    rows: AtomicU64,
    waits: AtomicBool,
}

impl Watch for GetsBusy<'_> {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Waiting { .. } => self.waits.store(true, Relaxed),
            Event::Rows { count } if self.rows.fetch_add(*count, Relaxed) == 0 => {
                let url = self.database.url();
                // The statement is cancelled at the end.
                std::thread::spawn(move || {
                    block_on(async {
                        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                            .await
                            .unwrap();
                        tokio::spawn(connection);
                        client.batch_execute(BUSY).await.unwrap_err();
                    });
                });
                let is_busy = format!(
                    "select exists (select from pg_stat_activity where state = 'active' and query = '{BUSY}')"
                );
                apart(async || until(self.database, &is_busy).await);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn no_snapshot_is_kept_during_the_wait_for_a_busy_server() {
    // Sessions of all databases count, so this test has its own servers.
    let server = TestServer::private(Major::V17, &[]).await.unwrap();
    let pair = Pair {
        source: server.fresh_database().await.unwrap(),
        target: server.fresh_database().await.unwrap(),
    };
    pair.both(
        "create table t (id int primary key, note text);
         insert into t select i, 'n' || i from generate_series(1, 300000) i; analyze t",
    )
    .await;
    let mut options = VerifyOptions::default();
    options.rows.chunk_rows = 20_000;
    options.rows.jobs = 1;
    options.max_load = Some(0);
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let watch = GetsBusy {
        database: &pair.source,
        rows: AtomicU64::new(0),
        waits: AtomicBool::new(false),
    };
    let clock = Hasty(AtomicU64::new(0));
    let sides = Sides {
        clock: &clock,
        ..still(&source, &target)
    };
    let scope = Scope::default();
    let observed = async {
        let began = Instant::now();
        while !watch.waits.load(Relaxed) {
            assert!(began.elapsed() < LIMIT, "no wait was reported");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        until(
            &pair.source,
            "select count(*) = 0 from pg_stat_activity where state = 'idle in transaction' and backend_xmin is not null",
        )
        .await;
        let cancel = format!("select pg_cancel_backend(pid) from pg_stat_activity where query = '{BUSY}'");
        assert!(is_true(&pair.source, &cancel).await);
    };
    let (report, ()) = tokio::join!(compare_rows(&sides, &scope, &options, &watch), observed);
    let report = report.unwrap();
    assert!(report.is_equal(), "{report:?}");
    assert_eq!(report.tables[0].rows_source, 300_000);
}
