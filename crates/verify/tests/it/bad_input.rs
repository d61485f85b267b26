//! Tables that cannot be compared are reported with the remedy, and the others are compared.

use std::sync::Mutex;

use crossover_core::plan::Scope;
use crossover_stand::postgres::{Major, TestServer};
use crossover_verify::{Event, Silent, VerifyError, VerifyOptions, Watch, compare_rows};

use crate::pair::{Pair, as_role, crossover, still};

#[tokio::test]
async fn all_unknown_tables_are_named_at_once() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    let mut options = VerifyOptions::default();
    options.selection.tables = vec!["t".into(), "nix".into()];
    options.selection.exclude = vec!["nor_this".into()];
    let error = pair.try_compare(&options).await.unwrap_err();
    let VerifyError::UnknownTables(unknown) = error else {
        panic!("{error}");
    };
    assert_eq!(unknown.0, ["nix", "nor_this"]);
}

#[tokio::test]
async fn a_table_or_a_column_of_one_side_is_named_and_the_others_are_compared() {
    let pair = Pair::new().await;
    pair.both("create table a (id int primary key); create table c (id int primary key)")
        .await;
    pair.source("create table b (id int primary key); alter table c add more int")
        .await;
    let report = pair.try_compare(&VerifyOptions::default()).await.unwrap();
    let failed: Vec<String> = report
        .could_not_run
        .iter()
        .map(|c| format!("{}: {}", c.name, c.reason))
        .collect();
    assert_eq!(
        failed,
        [
            "public.b: the target has no such table",
            "public.c: table public.c: columns more are missing on the target"
        ]
    );
    assert_eq!(report.tables.len(), 1);
    assert!(!report.is_equal());
}

#[tokio::test]
async fn a_table_without_permission_is_named_and_the_others_are_compared() {
    let pair = Pair::new().await;
    pair.both("create table a (id int primary key); create table b (id int primary key)")
        .await;
    let role = format!("reader_{}", pair.source.name());
    pair.source(&format!(
        "create role {role} login password 'hunter2-of-the-test'; grant select on a to {role}"
    ))
    .await;
    let source = as_role("source", &pair.source, &role, "hunter2-of-the-test").await;
    let target = crossover("target", &pair.target).await;
    let sides = still(&source, &target);
    let report = compare_rows(&sides, &Scope::default(), &VerifyOptions::default(), &Silent)
        .await
        .unwrap();
    assert_eq!(report.could_not_run.len(), 1);
    let failed = &report.could_not_run[0];
    assert!(
        failed.name == "public.b"
            && failed.reason.contains("permission denied")
            && failed.remedy.contains("SELECT"),
        "{failed:?}"
    );
    assert_eq!(report.tables.len(), 1);
}

/// Events before the first table is compared.
#[derive(Default)]
struct Before(Mutex<Vec<String>>);

impl Watch for Before {
    fn event(&self, event: &Event<'_>) {
        let said = match event {
            Event::NotCompared { name, .. } => format!("not compared: {name}"),
            Event::Table { name } => format!("table {name}"),
            _ => return,
        };
        self.0.lock().unwrap().push(said);
    }
}

#[tokio::test]
async fn rows_hidden_by_a_policy_are_named_before_anything_is_read() {
    let pair = Pair::new().await;
    pair.both(
        "create table a (id int primary key); create table b (id int primary key); insert into b values (1), (2);
         alter table b enable row level security; create policy one on b using (id = 1)",
    )
    .await;
    let role = format!("reader_{}", pair.source.name());
    pair.source(&format!(
        "create role {role} login password 'hunter2-of-the-test'; grant select on a, b to {role}"
    ))
    .await;
    let target = crossover("target", &pair.target).await;
    let compare = async || {
        let source = as_role("source", &pair.source, &role, "hunter2-of-the-test").await;
        let sides = still(&source, &target);
        let events = Before::default();
        let report = compare_rows(&sides, &Scope::default(), &VerifyOptions::default(), &events)
            .await
            .unwrap();
        (report, events.0.into_inner().unwrap())
    };
    let (report, events) = compare().await;
    assert_eq!(events, ["not compared: public.b", "table public.a"]);
    assert_eq!(
        report.tables.len(),
        1,
        "no count is made up for a table that was not compared"
    );
    assert!(
        report.could_not_run[0].reason.contains("row-level security")
            && report.could_not_run[0].reason.ends_with("on the source")
            && report.could_not_run[0].remedy.contains("bypassrls"),
        "{:?}",
        report.could_not_run
    );
    pair.source(&format!("alter role {role} bypassrls")).await;
    assert!(compare().await.0.is_equal());
}

#[tokio::test]
async fn nothing_can_be_written_through_a_condition() {
    let pair = Pair::new().await;
    pair.both(
        "create table t (id int primary key); insert into t values (1);
         create function public.sneaky() returns bool language plpgsql as $$ begin insert into public.t values (2); return true; end $$",
    )
    .await;
    let options = VerifyOptions {
        condition: Some("public.sneaky()".to_owned()),
        ..VerifyOptions::default()
    };
    let report = pair.try_compare(&options).await.unwrap();
    assert!(
        report.could_not_run[0].reason.contains("read-only"),
        "{:?}",
        report.could_not_run
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_during_the_comparison_is_asked_again() {
    let server = TestServer::private(Major::V17, &[]).await.unwrap();
    let source = TestServer::shared(Major::V16)
        .await
        .unwrap()
        .fresh_database()
        .await
        .unwrap();
    let target = server.fresh_database().await.unwrap();
    let pair = Pair { source, target };
    pair.both("create table t (id int primary key, v text); insert into t select i, 'v' || i from generate_series(1, 200000) i; analyze t")
        .await;
    let (from, to) = (
        crossover("source", &pair.source).await,
        crossover("target", &pair.target).await,
    );
    let sides = still(&from, &to);
    let restart = RestartOnce::new(server);
    let mut options = VerifyOptions::default();
    options.rows.chunk_rows = 10_000;
    options.rows.jobs = 1;
    let report = compare_rows(&sides, &Scope::default(), &options, &restart)
        .await
        .unwrap();
    assert!(restart.happened(), "the server was not restarted");
    assert!(report.is_equal(), "{:?}", report.could_not_run);
    assert_eq!(report.tables[0].rows_target, 200_000);
}

/// Restarts the server at the first reported rows, and lets no work continue before the server has ended.
struct RestartOnce {
    server: Mutex<Option<TestServer>>,
    handle: tokio::runtime::Handle,
}

impl RestartOnce {
    fn new(server: TestServer) -> Self {
        Self {
            server: Mutex::new(Some(server)),
            handle: tokio::runtime::Handle::current(),
        }
    }

    fn happened(&self) -> bool {
        self.server.lock().unwrap().is_none()
    }
}

impl Watch for RestartOnce {
    fn event(&self, event: &Event<'_>) {
        if !matches!(event, Event::Rows { .. }) {
            return;
        }
        let Some(mut server) = self.server.lock().unwrap().take() else {
            return;
        };
        let handle = self.handle.clone();
        // A separate thread, because this is called within the runtime.
        std::thread::spawn(move || {
            handle.block_on(async {
                server.stop().await.unwrap();
                server.start().await.unwrap();
            });
            // The server lives until the test process ends.
            std::mem::forget(server);
        })
        .join()
        .unwrap();
    }
}
