//! Following two databases while they change: PostgreSQL 16 to 17 with PostgreSQL's logical replication.

mod restart;
mod stream;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    ports::{Clock, PortResult},
};
use crossover_verify::{
    FollowEvent, Follower,
    follow::{Budget, Pause},
    rows::CatchUp,
};

use stream::{RecordedEvents, Stream, follow_until};

const SCHEMA: &str = "create table public.t (
    id int primary key, n int not null default 0, flag bool, address inet, code char(5), amount numeric, at timestamptz, doc jsonb, large text)";
const ROWS: &str = "insert into public.t select i, 0, true, '10.0.0.1', 'ab', 1.50, now(), '{\"a\": 1}', null from generate_series(1, 2000) i";

/// Updates one row until the test sets `stop`.
async fn heat(stream: &Stream, id: i32, stop: &AtomicBool) {
    let sql = "update public.t set n = n + 1, at = clock_timestamp(), amount = amount + 0.10, flag = not flag where id = $1";
    let statement = stream.source.prepare(sql).await.unwrap();
    while !stop.load(Relaxed) {
        stream.source.execute(&statement, &[&id]).await.unwrap();
    }
}

#[tokio::test]
async fn thousands_of_changes_a_hot_row_among_them_give_no_alarm() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    let done = AtomicBool::new(false);
    let traffic = async {
        for round in 0..600 {
            // One row that is always busy, one that alternates between two values, and all others one after
            // the other.
            stream
                .on_source(
                    "update public.t set n = n + 1, at = clock_timestamp(), amount = amount + 0.10 where id = 1;
                     update public.t set flag = not flag where id = 2",
                )
                .await;
            let other = 3 + round;
            stream
                .on_source(&match round % 4 {
                    0 => format!(
                        "insert into public.t (id, large) values ({}, repeat('x', 5000))",
                        10_000 + round
                    ),
                    1 => format!(
                        "update public.t set doc = '{{\"b\": {round}}}', code = 'c' where id = {other}"
                    ),
                    2 => format!("delete from public.t where id = {other}"),
                    _ => format!("update public.t set id = {} where id = {other}", 20_000 + round),
                })
                .await;
            stream
                .on_source("update public.t set n = n + 1, address = '10.0.0.2' where id = 1")
                .await;
        }
        done.store(true, Relaxed);
    };
    let following = follow_until(&mut follower, |_| done.load(Relaxed));
    tokio::join!(traffic, following);
    follow_until(&mut follower, Follower::is_judged).await;
    assert!(follower.is_equal(), "{:?}", events.all());
    assert_eq!(events.different(), [""; 0]);
    assert_eq!(follower.dirty_rows(), 0);
    let slot = follower.slot().to_owned();
    follower.end(false).await.unwrap();
    assert!(!stream.has_slot(&slot).await);
    stream.end().await;
}

#[tokio::test]
async fn a_hot_row_that_differs_is_reported_while_it_is_hot_and_withdrawn_when_it_is_corrected() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    stream
        .spoil("update", "new.id = 7", "new.doc = '{\"drift\": true}'")
        .await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    let stop = AtomicBool::new(false);
    let following = async {
        follow_until(&mut follower, |_| !events.different().is_empty()).await;
        let hot = events
            .all()
            .iter()
            .any(|event| matches!(event, FollowEvent::Different { hot: true, .. }));
        assert!(hot, "{:?}", events.all());
        stream.on_target("drop trigger spoil on public.t").await;
        // The next update does not write the document: the row becomes equal only by a change of that column.
        stop.store(true, Relaxed);
    };
    tokio::join!(heat(&stream, 7, &stop), following);
    assert_eq!(events.different(), ["public.t 7"]);
    stream
        .on_source("update public.t set doc = '{\"a\": 2}' where id = 7")
        .await;
    follow_until(&mut follower, |_| events.withdrawn()).await;
    follow_until(&mut follower, Follower::is_equal).await;
    follower.end(false).await.unwrap();
    stream.end().await;
}

/// Waits, but proves nothing.
struct AWhile;

#[async_trait::async_trait]
impl CatchUp for AWhile {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        SystemClock.sleep(Millis(20)).await;
        Ok(())
    }

    fn is_exact(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn without_a_marker_a_hot_row_and_a_quiet_one_that_differ_are_reported_too() {
    let mut stream = Stream::of(SCHEMA, ROWS).await;
    stream.options.least_ms = Millis(200);
    stream
        .spoil("update", "new.id = 7", "new.doc = '{\"drift\": true}'")
        .await;
    stream.on_target("delete from public.t where id = 8").await;
    let events = RecordedEvents::default();
    let mut follower = stream.begin(&AWhile, &events, None).await.unwrap();
    let stop = AtomicBool::new(false);
    let following = async {
        follow_until(&mut follower, |_| events.different().len() == 2).await;
        stop.store(true, Relaxed);
    };
    tokio::join!(heat(&stream, 7, &stop), following);
    let mut different = events.different();
    different.sort();
    assert_eq!(different, ["public.t 7", "public.t 8"]);
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn quiet_rows_that_differ_are_reported_whether_they_differed_before_or_since() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    stream.on_target("update public.t set n = -1 where id = 5").await;
    stream.spoil("update", "new.id = 3010", "new.id = 3011").await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, Follower::is_judged).await;
    assert_eq!(events.different(), ["public.t 5"]);
    assert!(!follower.is_equal());
    // The key changes and arrives as another key, so the row that was written is missing.
    stream
        .on_source("update public.t set id = 3010 where id = 10")
        .await;
    follow_until(&mut follower, |_| events.different().len() > 1).await;
    // The row with that other key was not changed on the source, so it may or may not be found.
    let mut different = events.different();
    different.retain(|row| row != "public.t 3011");
    assert_eq!(different, ["public.t 5", "public.t 3010"]);
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn a_truncate_that_was_not_replicated_is_found() {
    let stream = Stream::publishing(SCHEMA, ROWS, "insert, update, delete").await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, Follower::is_equal).await;
    stream.on_source("truncate public.t").await;
    follow_until(&mut follower, |_| events.different().len() >= 1_000).await;
    follow_until(&mut follower, Follower::is_judged).await;
    assert!(!follower.is_equal());
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn a_replicated_truncate_is_equal() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, Follower::is_equal).await;
    stream.on_source("truncate public.t").await;
    let before = events.compared();
    follow_until(&mut follower, |_| events.compared() > before).await;
    follow_until(&mut follower, Follower::is_equal).await;
    assert_eq!(events.different(), [""; 0]);
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn more_changes_than_are_kept_are_compared_as_a_whole_and_nothing_is_forgotten() {
    let mut stream = Stream::of(SCHEMA, ROWS).await;
    stream.options.budget = Budget {
        rows: 100,
        ..Budget::default()
    };
    stream.spoil("update", "new.id = 1333", "new.n = -1").await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, Follower::is_equal).await;
    let before = events.compared();
    stream.on_source("update public.t set n = 5").await;
    follow_until(&mut follower, |f| {
        assert!(f.dirty_rows() <= 100, "{} rows are kept", f.dirty_rows());
        !events.different().is_empty()
    })
    .await;
    assert!(events.compared() > before);
    let collapsed = events
        .all()
        .iter()
        .any(|event| matches!(event, FollowEvent::WholeTable { .. }));
    assert!(collapsed, "{:?}", events.all());
    assert_eq!(events.different(), ["public.t 1333"]);
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn a_table_without_a_key_is_compared_again_until_it_is_equal_or_known_to_differ() {
    let stream = Stream::of(
        "create table public.t (v text, n int); alter table public.t replica identity full",
        "insert into public.t values ('a', 1), ('a', 1), ('b', 2)",
    )
    .await;
    stream.spoil("insert", "new.v = 'spoilt'", "new.n = -1").await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, Follower::is_equal).await;
    let before = events.compared();
    stream
        .on_source("insert into public.t values ('a', 1), ('c', 3)")
        .await;
    follow_until(&mut follower, |_| events.compared() > before).await;
    follow_until(&mut follower, Follower::is_equal).await;
    stream
        .on_source("insert into public.t values ('spoilt', 4)")
        .await;
    follow_until(&mut follower, |f| f.different_rows() == 2).await;
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn at_the_pause_only_the_remaining_rows_are_checked() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    stream.spoil("update", "new.id = 42", "new.n = -1").await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, Follower::is_equal).await;

    stream
        .on_source("update public.t set n = 1 where id between 50 and 60")
        .await;
    stream.caught_up().await;
    let remaining = follower.verify_remaining().await.unwrap();
    assert!(remaining.is_equal(), "{remaining:?}");
    assert_eq!(remaining.rechecked, 11);

    stream
        .on_source("update public.t set n = 1 where id between 40 and 45")
        .await;
    stream.caught_up().await;
    let remaining = follower.verify_remaining().await.unwrap();
    let different: Vec<String> = remaining
        .different
        .iter()
        .map(|(t, key)| format!("{t} {}", key.join(",")))
        .collect();
    assert_eq!(different, ["public.t 42"]);

    stream.on_source("truncate public.t").await;
    stream.caught_up().await;
    let remaining = follower.verify_remaining().await.unwrap();
    assert!(
        !remaining.is_equal() && remaining.unknown.len() == 1,
        "{remaining:?}"
    );
    follower.end(false).await.unwrap();
    stream.end().await;
}

/// The pause has begun and lasts.
struct Now;

#[async_trait::async_trait]
impl Pause for Now {
    async fn wanted(&self) {}
}

/// A follower that is never known to have caught up.
struct Never;

#[async_trait::async_trait]
impl CatchUp for Never {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        std::future::pending().await
    }

    fn is_exact(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn at_the_pause_there_is_no_wait() {
    let mut stream = Stream::of(SCHEMA, ROWS).await;
    stream.pause = Box::new(Now);
    let events = RecordedEvents::default();
    let mut follower = stream.begin(&Never, &events, None).await.unwrap();
    follow_until(&mut follower, |_| events.compared() == 1).await;
    stream
        .on_source("update public.t set n = 1 where id between 50 and 60")
        .await;
    stream.caught_up().await;
    // A round that waited for the follower would not end.
    follow_until(&mut follower, |f| f.dirty_rows() == 11).await;
    follower.tell_remaining().await.unwrap();
    let message = events.all().pop();
    assert!(
        matches!(
            &message,
            Some(FollowEvent::Remaining {
                equal: true,
                rechecked: 11,
                different_rows: 0,
                ..
            })
        ),
        "{message:?}"
    );
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn a_row_that_was_reported_and_is_equal_at_the_pause_is_withdrawn() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    stream.on_target("update public.t set n = -1 where id = 5").await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, |_| events.different() == ["public.t 5"]).await;
    stream.on_target("update public.t set n = 0 where id = 5").await;
    assert!(follower.verify_remaining().await.unwrap().is_equal());
    assert!(events.withdrawn());
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn a_partition_that_is_created_meanwhile_is_followed_with_its_table() {
    let stream = Stream::of(
        "create table public.t (id int primary key, n int) partition by range (id);
         create table public.t_1 partition of public.t for values from (1) to (1000)",
        "insert into public.t select i, 0 from generate_series(1, 500) i",
    )
    .await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, Follower::is_equal).await;
    let partition = "create table public.t_2 partition of public.t for values from (1000) to (2000)";
    stream.on_source(partition).await;
    stream.on_target(partition).await;
    stream.refresh().await;
    stream
        .on_source("insert into public.t select i, 0 from generate_series(1001, 1100) i")
        .await;
    stream.caught_up().await;
    follow_until(&mut follower, Follower::is_equal).await;
    // A later change on the source then finds no row on the target.
    stream.on_target("delete from public.t where id = 1050").await;
    stream
        .on_source("update public.t set n = 1 where id = 1050")
        .await;
    follow_until(&mut follower, |_| !events.different().is_empty()).await;
    assert_eq!(events.different(), ["public.t 1050"]);
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn sessions_that_are_ended_are_opened_again_and_nothing_is_missed() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    stream.spoil("update", "new.id % 100 = 7", "new.n = -1").await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    for round in 0..8 {
        stream.end_sessions().await;
        stream
            .on_source(&format!(
                "update public.t set n = {round} + 1 where id between {0} and {0} + 99",
                round * 100 + 1
            ))
            .await;
        follow_until(&mut follower, |_| events.different().len() > round).await;
    }
    let mut different = events.different();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 8, "{different:?}");
    follower.end(false).await.unwrap();
    stream.end().await;
}
