//! `crossover verify --continuous` as users run it: two servers, with PostgreSQL's logical replication
//! between them.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

use std::{
    io::{BufRead, BufReader, Lines, Read},
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

use crossover_contracts::document::validate;
use crossover_core::ports::CatchUpMarkers;
use crossover_postgres::{ConnectionSettings, PostgresDatabase};
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

/// Replicates everything, with a thousand initial rows.
async fn follow(follower: &Database, writer: &Database) {
    execute(
        writer,
        "insert into t select i, i from generate_series(1, 1000) i; create publication p for all tables",
    )
    .await;
    let subscribe = format!(
        "create subscription s_{} connection '{}' publication p",
        writer.name(),
        writer.url()
    );
    execute(follower, &subscribe).await;
    until(
        follower,
        "select count(*) filter (where srsubstate <> 'r') = 0 and count(*) > 0 from pg_subscription_rel",
    )
    .await;
}

async fn unfollow(follower: &Database, writer: &Database) {
    execute(follower, &format!("drop subscription s_{}", writer.name())).await;
}

/// Creates the table of the catch-up marker, which a migration with markers has on both sides.
async fn prepare_marker(database: &Database) {
    let settings = ConnectionSettings::from_url("test", &database.url(), None).unwrap();
    let database = PostgresDatabase::connect("test", settings, Vec::new()).await;
    database.unwrap().prepare_marker().await.unwrap();
}

impl Pair {
    async fn unconnected() -> Self {
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
        pair
    }

    /// The target is replicated from the source.
    async fn new() -> Self {
        let pair = Self::unconnected().await;
        follow(&pair.target, &pair.source).await;
        pair
    }

    async fn end(&self) {
        unfollow(&self.target, &self.source).await;
    }

    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_crossover"))
            .args(["verify", "--continuous"])
            .args(if arguments.contains(&"--recheck") {
                [].as_slice()
            } else {
                &["--recheck", "20"]
            })
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
        finished(self.start(arguments)).await
    }
}

/// Standard output contains only events.
fn assert_is_event(line: &str) {
    let event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    validate("verify-event", &event).unwrap();
}

async fn finished(child: Child) -> (Option<i32>, String) {
    let pid = Pid::from_raw(child.id().cast_signed());
    let mut ended = tokio::task::spawn_blocking(|| child.wait_with_output());
    let output: Output = if let Ok(ended) = tokio::time::timeout(LIMIT, &mut ended).await {
        ended.unwrap().unwrap()
    } else {
        // The output so far shows the reason.
        kill(pid, Signal::SIGINT).unwrap();
        ended.await.unwrap().unwrap()
    };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        assert_is_event(line);
    }
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_ends_when_everything_is_known_and_leaves_no_slot() {
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
async fn an_interrupted_run_keeps_the_slot_only_for_a_checkpoint_and_forget_removes_both() {
    let pair = Pair::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint.json");
    let path = file.to_str().unwrap();
    for (arguments, left) in [(&[][..], 0), (&["--checkpoint", path], 1)] {
        let child = pair.start(arguments);
        until(&pair.source, &slots(1)).await;
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
        let (status, text) = finished(child).await;
        assert_eq!(status, Some(130), "{text}");
        assert!(text.contains("no row was changed on either side"), "{text}");
        until(&pair.source, &slots(left)).await;
    }
    let (status, text) = pair.run(&["--until-clean", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("stays on the source") && file.exists(), "{text}");
    let (status, text) = pair.run(&["--until-clean", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("continuing from the checkpoint"), "{text}");
    let (status, text) = pair.run(&["--forget", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    assert!(!file.exists());
    until(&pair.source, &slots(0)).await;
    pair.end().await;
}

/// A command whose events are read while it runs.
struct Running {
    child: Child,
    /// `None` after the reader has closed the output.
    output: Option<Lines<BufReader<ChildStdout>>>,
}

impl Running {
    fn of(mut child: Child) -> Self {
        let output = child.stdout.take().map(|out| BufReader::new(out).lines());
        Self { child, output }
    }

    /// The next event of this kind.
    fn until(&mut self, event: &str) -> String {
        let start = format!(r#"{{"event":"{event}""#);
        loop {
            let Some(line) = self.output.as_mut().unwrap().next().map(Result::unwrap) else {
                let mut output_text = String::new();
                self.child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut output_text)
                    .unwrap();
                panic!("it has ended: {output_text}");
            };
            assert_is_event(&line);
            if line.starts_with(&start) {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_at_the_pause_verifies_the_remaining_rows_and_following_continues() {
    let pair = Pair::new().await;
    let mut running = Running::of(pair.start(&["--json", "--recheck", "60000"]));
    running.until("compared");
    for (sql, equal) in [
        ("update t set n = -1 where id <= 20", "true"),
        ("update t set n = -2 where id <= 20", "false"),
    ] {
        execute(&pair.source, sql).await;
        let here = format!("select count(*) = 20 from t where n = {}", &sql[17..19]);
        until(&pair.target, &here).await;
        if equal == "false" {
            execute(&pair.target, "update t set n = 5 where id = 5").await;
        }
        running.signal(Signal::SIGUSR1);
        let message = running.until("remaining");
        assert!(message.contains(&format!(r#""equal":{equal}"#)), "{message}");
        assert!(
            message.contains(r#""rechecked":20"#) && message.contains(r#""unknown":[]"#),
            "{message}"
        );
        assert_eq!(
            message.contains(r#""different":[{"table":"public.t","key":["5"]}]"#),
            equal == "false",
            "{message}"
        );
    }
    running.signal(Signal::SIGINT);
    assert_eq!(running.child.wait().unwrap().code(), Some(130));
    until(&pair.source, &slots(0)).await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_continues_from_its_checkpoint_and_misses_nothing() {
    let pair = Pair::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint.json");
    let path = file.to_str().unwrap();
    let mut running = Running::of(pair.start(&["--json", "--checkpoint", path]));
    running.until("compared");
    execute(&pair.target, "delete from t where id in (7, 8)").await;
    // One change while the command follows, wherever the kill interrupts it, and one change while no run
    // follows.
    execute(&pair.source, "update t set n = -1 where id = 7").await;
    running.signal(Signal::SIGKILL);
    running.child.wait().unwrap();
    drop(running);
    execute(&pair.source, "update t set n = -1 where id = 8").await;
    let (status, text) = pair.run(&["--until-clean", "--json", "--checkpoint", path]).await;
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains(r#""resumed":true"#), "{text}");
    for key in ["7", "8"] {
        assert!(
            text.contains(&format!(r#""key":{{"id":"{key}"}}"#)),
            "{key}: {text}"
        );
    }
    let (status, text) = pair.run(&["--forget", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    until(&pair.source, &slots(0)).await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_cutover_the_target_is_the_followed_writer() {
    let pair = Pair::unconnected().await;
    follow(&pair.source, &pair.target).await;
    let mut running = Running::of(pair.start(&["--json", "--writer", "target"]));
    running.until("compared");
    until(&pair.target, &slots(1)).await;
    until(&pair.source, &slots(0)).await;
    execute(&pair.source, "delete from t where id = 7").await;
    execute(&pair.target, "update t set n = -1 where id = 7").await;
    let message = running.until("different");
    assert!(message.contains(r#""kind":"extra_on_target""#), "{message}");
    running.signal(Signal::SIGINT);
    assert_eq!(running.child.wait().unwrap().code(), Some(130));
    until(&pair.target, &slots(0)).await;
    unfollow(&pair.source, &pair.target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_marker_is_used_where_there_is_permission_to_write_one() {
    let pair = Pair::unconnected().await;
    prepare_marker(&pair.source).await;
    prepare_marker(&pair.target).await;
    follow(&pair.target, &pair.source).await;
    execute(&pair.target, "delete from t where id = 7").await;
    let (status, text) = pair.run(&["--until-clean", "--json", "--marker", "table"]).await;
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains(r#""key":{"id":"7"}"#), "{text}");
    until(
        &pair.source,
        "select count(*) > 0 from crossover.catch_up_marker where run_id like 'verify-%'",
    )
    .await;
    until(&pair.source, &slots(0)).await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_marker_is_written_if_the_follower_has_no_table_for_it() {
    let pair = Pair::new().await;
    execute(&pair.target, "delete from t where id = 7").await;
    let (status, text) = pair.run(&["--until-clean", "--marker", "table"]).await;
    assert_eq!(status, Some(2), "{text}");
    assert!(
        text.contains("no marker was written") && text.contains("crossover prepare"),
        "{text}"
    );
    until(
        &pair.source,
        "select to_regclass('crossover.catch_up_marker') is null and to_regnamespace('crossover') is null",
    )
    .await;
    // The replication continues.
    execute(&pair.source, "insert into t values (2000, 1)").await;
    until(&pair.target, "select count(*) = 1 from t where id = 2000").await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_of_other_databases_is_not_changed() {
    let (pair, other) = (Pair::new().await, Pair::new().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint.json");
    let path = file.to_str().unwrap();
    let (status, text) = pair.run(&["--until-clean", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    let before = std::fs::read(&file).unwrap();
    let (status, text) = other.run(&["--until-clean", "--checkpoint", path]).await;
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("of other databases"), "{text}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    until(&other.source, &slots(0)).await;
    let (status, text) = pair.run(&["--forget", "--checkpoint", path]).await;
    assert_eq!(status, Some(0), "{text}");
    pair.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_ends_in_order_when_its_output_is_closed() {
    let pair = Pair::new().await;
    let mut running = Running::of(pair.start(&["--json"]));
    running.until("compared");
    let closed = BufReader::new(running.child.stderr.take().unwrap());
    running.output = None;
    execute(&pair.target, "delete from t where id = 7").await;
    execute(&pair.source, "update t set n = -1 where id = 7").await;
    let output_text: Vec<String> = closed.lines().map_while(Result::ok).collect();
    assert_eq!(running.child.wait().unwrap().code(), Some(2), "{output_text:?}");
    assert!(
        output_text
            .iter()
            .any(|line| line.contains("was closed by its reader")),
        "{output_text:?}"
    );
    until(&pair.source, &slots(0)).await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_on_the_same_databases_is_refused_and_does_not_disturb_the_first() {
    const CLAIMED: &str = "select count(*) = 1 from pg_locks where locktype = 'advisory' and granted \
                           and database = (select oid from pg_database where datname = current_database())";
    let pair = Pair::new().await;
    let mut first = Running::of(pair.start(&["--json"]));
    first.until("compared");
    for (arguments, interrupted) in [
        (&["--until-clean"][..], false),
        (&["--forget"], false),
        (&[], true),
    ] {
        let second = pair.start(arguments);
        if interrupted {
            kill(Pid::from_raw(second.id().cast_signed()), Signal::SIGINT).unwrap();
        }
        let (status, text) = finished(second).await;
        let refused = status == Some(2) && text.contains("another run follows these databases");
        assert!(refused || (interrupted && status != Some(0)), "{status:?} {text}");
        until(&pair.source, &slots(1)).await;
    }

    // The claim ends with its session, and the run claims the slot again.
    execute(
        &pair.source,
        "select pg_terminate_backend(pid, 10000) from pg_locks where locktype = 'advisory' \
         and database = (select oid from pg_database where datname = current_database())",
    )
    .await;
    until(&pair.source, CLAIMED).await;
    execute(
        &pair.target,
        "create function spoil() returns trigger language plpgsql as 'begin new.n := -1; return new; end';
         create trigger spoil before update on t for each row execute function spoil();
         alter table t enable always trigger spoil",
    )
    .await;
    execute(&pair.source, "update t set n = 5 where id = 9").await;
    assert!(first.until("different").contains(r#""key":{"id":"9"}"#));
    first.signal(Signal::SIGINT);
    assert_eq!(first.child.wait().unwrap().code(), Some(130));
    until(&pair.source, &slots(0)).await;
    pair.end().await;
}
