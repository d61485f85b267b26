//! `crossover verify --continuous` as its users run it: two servers, with PostgreSQL's own replication between them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use crossover_stand::postgres::{Database, Major, TestServer};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const LIMIT: Duration = Duration::from_mins(2);

struct Pair {
    source: Database,
    target: Database,
}

async fn execute(database: &Database, sql: &str) {
    let client = database.connect().await.unwrap();
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{e:?} in {sql}"));
}

async fn until(database: &Database, condition: &str) {
    let client = database.connect().await.unwrap();
    let began = Instant::now();
    while !client.query_one(condition, &[]).await.unwrap().get::<_, bool>(0) {
        assert!(began.elapsed() < LIMIT, "never came true: {condition}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn slots(count: u32) -> String {
    format!(
        "select count(*) = {count} from pg_replication_slots \
         where slot_name like 'crossover_verify_%' and database = current_database()"
    )
}

impl Pair {
    async fn new() -> Self {
        let fresh = async |major| {
            let server = TestServer::shared(major).await.unwrap();
            server.fresh_database().await.unwrap()
        };
        let pair = Self {
            source: fresh(Major::V16).await,
            target: fresh(Major::V17).await,
        };
        for database in [&pair.source, &pair.target] {
            execute(database, "create table t (id int primary key, n int)").await;
        }
        execute(
            &pair.source,
            "insert into t select i, i from generate_series(1, 1000) i; create publication p for table t",
        )
        .await;
        let access = pair.source.access();
        execute(
            &pair.target,
            &format!(
                "create subscription s_{0} connection 'host=127.0.0.1 port={1} dbname={0} user=postgres password={2}' publication p",
                pair.source.name(),
                access.port(),
                access.password()
            ),
        )
        .await;
        until(&pair.target, "select count(*) = 1000 from t").await;
        pair
    }

    async fn end(&self) {
        execute(
            &self.target,
            &format!("drop subscription s_{}", self.source.name()),
        )
        .await;
    }

    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_crossover"))
            .args(["verify", "--continuous", "--recheck", "20"])
            .args(arguments)
            .env("CROSSOVER_SOURCE", self.source.url())
            .env("CROSSOVER_TARGET", self.target.url())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        said(self.start(arguments)).await
    }
}

async fn said(child: Child) -> (Option<i32>, String) {
    let output: Output = tokio::task::spawn_blocking(|| child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_everything_is_known_and_leaves_no_slot() {
    let pair = Pair::new().await;
    let (status, text) = pair.run(&["--until-clean"]).await;
    assert!(status == Some(0) && text.contains("EQUAL"), "{text}");
    execute(&pair.target, "update t set n = -1 where id = 7").await;
    let (status, text) = pair.run(&["--until-clean", "--json"]).await;
    assert_eq!(status, Some(1), "{text}");
    assert!(
        text.lines().any(
            |line| line.starts_with(r#"{"event":"different","table":"public.t""#)
                && line.contains(r#""key":{"id":"7"}"#)
                && line.contains(r#""columns":["n"]"#)
        ),
        "{text}"
    );
    until(&pair.source, &slots(0)).await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_it_keeps_the_slot_only_for_a_checkpoint_and_forgets_both_when_told() {
    let pair = Pair::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint.json");
    let path = file.to_str().unwrap();
    for (arguments, left) in [(&[][..], 0), (&["--checkpoint", path], 1)] {
        let child = pair.start(arguments);
        until(&pair.source, &slots(1)).await;
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
        let (status, text) = said(child).await;
        assert_eq!(status, Some(130), "{text}");
        assert!(text.contains("no row was changed on either side"), "{text}");
        until(&pair.source, &slots(left)).await;
    }
    let (status, text) = pair.run(&["--until-clean", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("stays on the source") && file.exists(), "{text}");
    let (status, text) = pair.run(&["--until-clean", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("goes on from the checkpoint"), "{text}");
    let (status, text) = pair.run(&["--forget", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    assert!(!file.exists());
    until(&pair.source, &slots(0)).await;
    pair.end().await;
}
