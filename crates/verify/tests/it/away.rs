//! A server that goes away, has no connection left, or has rows on a server that is away.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use async_trait::async_trait;
use crossover_core::{
    Millis, UnixMillis,
    plan::Scope,
    ports::{Absence, Clock, PortError, Rows},
    rows::{Hashing, Region},
};
use crossover_postgres::PostgresDatabase;
use crossover_stand::postgres::{Major, TestServer};
use crossover_verify::{
    Cause, Event, Sides, VerifyError, VerifyOptions, Watch, compare_rows, prepare, verify,
};

use crate::pair::{Pair, as_role, crossover, still};

/// A clock whose time passes only while somebody waits.
#[derive(Default)]
struct Waited(AtomicU64);

#[async_trait]
impl Clock for Waited {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Relaxed))
    }
    async fn sleep(&self, length: Millis) {
        self.0.fetch_add(length.0, Relaxed);
        tokio::task::yield_now().await;
    }
}

/// Remembers what is said about the servers, and does something at the first reported rows.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    server: Mutex<Option<TestServer>>,
}

impl Watch for Said {
    fn event(&self, event: &Event<'_>) {
        let said = match event {
            Event::Away { side, .. } => format!("{side} away"),
            Event::Answers { side } => format!("{side} answers"),
            Event::GivenUp { side, .. } => format!("{side} given up"),
            Event::Rows { .. } => {
                if let Some(mut server) = self.server.lock().unwrap().take() {
                    let stop = async move { server.stop().await.unwrap() };
                    // A separate thread, because this is called within the runtime.
                    std::thread::spawn(|| crate::pair::block_on(stop)).join().unwrap();
                }
                return;
            }
            _ => return,
        };
        self.lines.lock().unwrap().push(said);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_waited_for_once_and_not_once_for_each_table() {
    let server = TestServer::private(Major::V16, &[]).await.unwrap();
    let pair = Pair {
        source: server.fresh_database().await.unwrap(),
        target: TestServer::shared(Major::V17)
            .await
            .unwrap()
            .fresh_database()
            .await
            .unwrap(),
    };
    pair.both(
        "do $$ begin for i in 1..80 loop
             execute format('create table t%s (id int primary key)', i); execute format('insert into t%s values (1)', i);
         end loop; end $$",
    )
    .await;
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let clock = Waited::default();
    let watch = Said::default();
    *watch.server.lock().unwrap() = Some(server);
    let sides = Sides {
        clock: &clock,
        ..still(&source, &target)
    };
    let mut options = VerifyOptions::default();
    options.rows.jobs = 1;
    options.rows.retry_timeout_ms = Millis(20_000);
    let report = compare_rows(&sides, &Scope::default(), &options, &watch)
        .await
        .unwrap();
    assert_eq!(
        watch.lines.into_inner().unwrap(),
        ["source away", "source given up"]
    );
    // The tables of the first statement were compared.
    assert_eq!((report.tables.len(), report.could_not_run.len()), (64, 16));
    for table in &report.could_not_run {
        assert_eq!(table.cause, Cause::Unreachable, "{table:?}");
        assert_eq!(
            table.reason, report.could_not_run[0].reason,
            "one event, one reason"
        );
        assert!(table.remedy.contains("port"), "{table:?}");
    }
    let waited = clock.0.load(Relaxed);
    assert!((20_000..24_000).contains(&waited), "waited {waited} ms");
}

/// Both sides as a role that may read everything and has `connections` connections.
async fn limited(pair: &Pair, connections: usize) -> (PostgresDatabase, PostgresDatabase) {
    let role = format!("limited_{}_{connections}", pair.source.name());
    pair.both(&format!(
        "create role {role} login connection limit {connections} password 'p'; grant pg_read_all_data, pg_monitor to {role}"
    ))
    .await;
    let source = as_role("source", &pair.source, &role, "p").await;
    let target = as_role("target", &pair.target, &role, "p").await;
    (source, target)
}

#[tokio::test]
async fn no_comparison_opens_more_connections_than_its_jobs_and_two_more() {
    const JOBS: usize = 3;
    let pair = Pair::new().await;
    // By blocks in the order of the key, by blocks in no order, without a key, many small ones, and streamed.
    pair.both(
        "create table ordered as select i as id, 'v' || i as v from generate_series(1, 150000) i; alter table ordered add primary key (id);
         create table scattered as select md5(i::text)::uuid as id, i as v from generate_series(1, 150000) i;
         alter table scattered add primary key (id);
         create table keyless as select i % 7 as v from generate_series(1, 150000) i; create table small (id int primary key);
         analyze",
    )
    .await;
    pair.target(
        "update ordered set v = 'x' where id % 30000 = 0; update scattered set v = 0 where v % 30000 = 0",
    )
    .await;
    let (source, target) = limited(&pair, JOBS + 2).await;
    let limit = std::time::Duration::from_mins(1);
    let source = source.with_reading(JOBS + 1, limit);
    let target = target.with_reading(JOBS + 1, limit);
    let mut options = VerifyOptions::default();
    options.rows.jobs = JOBS;
    options.rows.chunk_rows = 10_000;
    for hashing in [None, Some(Hashing::Stream)] {
        options.hashing = hashing;
        let watch = Said::default();
        let catalogues = (&source as _, &target as _);
        let report = verify(
            &still(&source, &target),
            catalogues,
            &Scope::default(),
            &options,
            &watch,
        )
        .await
        .unwrap();
        assert!(report.could_not_run.is_empty(), "{:?}", report.could_not_run);
        assert_eq!(report.tables.iter().map(|t| t.different_rows).sum::<u64>(), 10);
        assert_eq!(
            watch.lines.into_inner().unwrap(),
            [""; 0],
            "a connection was refused"
        );
    }
    // However many ask at once while a snapshot is kept.
    let sides = still(&source, &target);
    let prepared = prepare(&sides, &Scope::default(), &options).await.unwrap();
    let snapshot = &source.export_snapshot().await.unwrap();
    let asked = prepared.tables.iter().cycle().take(4 * JOBS).map(|table| {
        let form = &table.forms.0;
        source.digest(form, &Region::Whole, 1, Some(snapshot))
    });
    for answer in futures::future::join_all(asked).await {
        answer.unwrap();
    }
}

#[tokio::test]
async fn a_server_without_a_free_connection_is_told_as_one() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    let (source, target) = limited(&pair, 1).await;
    let clock = Waited::default();
    let sides = Sides {
        clock: &clock,
        ..still(&source, &target)
    };
    let watch = Said::default();
    let error = compare_rows(&sides, &Scope::default(), &VerifyOptions::default(), &watch)
        .await
        .unwrap_err();
    assert!(
        matches!(
            &error,
            VerifyError::Port(PortError::Unreachable {
                absence: Absence::NoConnectionFree,
                ..
            })
        ) && error.to_string().contains("every connection it allows is in use"),
        "{error}"
    );
}

#[tokio::test]
async fn a_partition_on_a_server_that_is_away_is_named_and_the_others_are_compared() {
    let pair = Pair::new().await;
    let partitioned = "create table t (id int, note text, primary key (id)) partition by range (id);
         create table t_old partition of t for values from (0) to (100);
         create table t_new partition of t for values from (100) to (200);
         insert into t select i, 'n' || i from generate_series(0, 199, 10) i; create table other (id int primary key)";
    pair.target(&format!(
        "{partitioned}; create table t_far partition of t for values from (200) to (300); insert into t values (200)"
    ))
    .await;
    // Port 1 answers nobody.
    pair.source(
        "create table t (id int, note text) partition by range (id);
         create table t_old (id int primary key, note text); create table t_new (id int primary key, note text);
         alter table t attach partition t_old for values from (0) to (100);
         alter table t attach partition t_new for values from (100) to (200);
         insert into t select i, 'n' || i from generate_series(0, 199, 10) i; create table other (id int primary key);
         create extension postgres_fdw; create server away foreign data wrapper postgres_fdw options (host '127.0.0.1', port '1');
         create user mapping for current_user server away options (user 'nobody', password 'p');
         create foreign table t_far partition of t for values from (200) to (300) server away",
    )
    .await;
    pair.target("update t set note = 'x' where id = 120").await;
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let clock = Waited::default();
    let sides = Sides {
        clock: &clock,
        ..still(&source, &target)
    };
    let watch = Said::default();
    let report = compare_rows(&sides, &Scope::default(), &VerifyOptions::default(), &watch)
        .await
        .unwrap();
    assert_eq!(
        watch.lines.into_inner().unwrap(),
        [""; 0],
        "the source is not away"
    );
    let compared: Vec<(&str, bool, u64)> = report
        .tables
        .iter()
        .map(|t| (t.name.as_str(), t.equal, t.rows_source))
        .collect();
    assert_eq!(
        compared,
        [
            ("public.other", true, 0),
            ("public.t_new", false, 10),
            ("public.t_old", true, 10)
        ]
    );
    assert_eq!(report.could_not_run.len(), 1, "{:?}", report.could_not_run);
    let failed = &report.could_not_run[0];
    assert!(
        failed.name == "public.t"
            && failed.reason.contains("partitions public.t_far were not read")
            && failed.reason.contains("away")
            && failed.cause == Cause::OtherServer,
        "{failed:?}"
    );
    assert!(!report.is_equal());
}
