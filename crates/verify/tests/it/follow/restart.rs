//! State that survives the end of following, whatever the reason for the end.

use crossover_verify::{
    FollowError, FollowEvent, Follower,
    follow::{CheckpointFile, Ending},
};

use super::{
    ROWS, SCHEMA,
    stream::{RecordedEvents, Stream, follow_until},
};

struct Kept {
    folder: tempfile::TempDir,
}

impl Kept {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> CheckpointFile {
        CheckpointFile::new(self.folder.path().join("checkpoint.json"))
    }
}

fn resumed(events: &RecordedEvents) -> bool {
    events
        .all()
        .iter()
        .any(|event| matches!(event, FollowEvent::Follows { resumed: true, .. }))
}

#[tokio::test]
async fn changes_while_no_run_followed_are_found_without_comparing_everything_again() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    stream.spoil("update", "new.id in (77, 78)", "new.n = -1").await;
    let (marker, kept) = (stream.marker(), Kept::new());
    let first = RecordedEvents::default();
    let mut follower = stream.begin(&marker, &first, Some(kept.file())).await.unwrap();
    follow_until(&mut follower, Follower::is_equal).await;
    // One change is taken and not checked; the other is made while no run follows.
    stream.on_source("update public.t set n = 1 where id = 77").await;
    follow_until(&mut follower, |f| f.dirty_rows() > 0).await;
    drop(follower);
    stream.on_source("update public.t set n = 1 where id = 78").await;

    let second = RecordedEvents::default();
    let mut follower = stream.begin(&marker, &second, Some(kept.file())).await.unwrap();
    assert!(resumed(&second), "{:?}", second.all());
    follow_until(&mut follower, Follower::is_judged).await;
    let mut different = second.different();
    different.sort();
    assert_eq!(different, ["public.t 77", "public.t 78"]);
    assert_eq!(second.compared(), 0);
    let slot = follower.slot().to_owned();
    follower.end(true).await.unwrap();
    assert!(stream.has_slot(&slot).await);
    let left = second
        .all()
        .iter()
        .any(|event| matches!(event, FollowEvent::SlotLeft { slot: left, .. } if *left == slot));
    assert!(left, "{:?}", second.all());

    let third = RecordedEvents::default();
    let mut follower = stream.begin(&marker, &third, Some(kept.file())).await.unwrap();
    assert!(resumed(&third));
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn an_interrupted_first_comparison_is_repeated() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    stream.on_target("update public.t set n = -1 where id = 5").await;
    let (marker, kept, events) = (stream.marker(), Kept::new(), RecordedEvents::default());
    let follower = stream.begin(&marker, &events, Some(kept.file())).await.unwrap();
    drop(follower);
    let mut follower = stream.begin(&marker, &events, Some(kept.file())).await.unwrap();
    assert!(resumed(&events));
    follow_until(&mut follower, Follower::is_judged).await;
    assert_eq!(events.different(), ["public.t 5"]);
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn a_run_starts_again_and_reports_why_when_the_checkpoint_does_not_fit() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    let (marker, kept) = (stream.marker(), Kept::new());
    let begin = async |events: &RecordedEvents, keep: bool| {
        let mut follower = stream.begin(&marker, events, Some(kept.file())).await.unwrap();
        follow_until(&mut follower, Follower::is_equal).await;
        let slot = follower.slot().to_owned();
        follower.end(keep).await.unwrap();
        slot
    };
    begin(&RecordedEvents::default(), true).await;
    for client in [&stream.source, &stream.target] {
        client
            .batch_execute("alter table public.t add extra int")
            .await
            .unwrap();
    }
    let events = RecordedEvents::default();
    begin(&events, false).await;
    assert!(
        events.starts_over()[0].contains("columns"),
        "{:?}",
        events.starts_over()
    );
    assert_eq!(events.compared(), 1);

    // The last run dropped the slot when it ended.
    let events = RecordedEvents::default();
    let slot = begin(&events, true).await;
    assert!(
        events.starts_over()[0].contains("does not exist"),
        "{:?}",
        events.starts_over()
    );

    // Another session has advanced the slot.
    stream.on_source("update public.t set n = 9 where id = 9").await;
    stream
        .on_source(&format!(
            "select pg_replication_slot_advance('{slot}', pg_current_wal_flush_lsn())"
        ))
        .await;
    let events = RecordedEvents::default();
    begin(&events, false).await;
    assert!(
        events.starts_over()[0].contains("another run"),
        "{:?}",
        events.starts_over()
    );
    stream.end().await;
}

#[tokio::test]
async fn a_slot_that_keeps_too_much_is_dropped_and_the_next_run_knows() {
    let mut stream = Stream::of(SCHEMA, ROWS).await;
    stream.options.budget.wal = 4 << 20;
    let (marker, kept, events) = (stream.marker(), Kept::new(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, Some(kept.file())).await.unwrap();
    // Other tests write to this server, too: their writes alone may exceed the slot's limit.
    let slot = follower.slot().to_owned();
    stream
        .on_source("insert into public.t (id, doc) select i, to_jsonb(repeat('x', 1000)) from generate_series(100001, 108000) i")
        .await;
    let error = loop {
        if let Err(error) = follower.tick().await {
            break error;
        }
    };
    let FollowError::Ended(ending) = error else {
        panic!("{error}")
    };
    let Ending::OverBudget {
        slot: dropped,
        budget_mib: 4,
        ..
    } = &ending
    else {
        panic!("{ending}")
    };
    assert_eq!(*dropped, slot);
    assert!(!stream.has_slot(&slot).await);
    follower.end(true).await.unwrap();
    drop(follower);

    let events = RecordedEvents::default();
    let mut follower = stream.begin(&marker, &events, Some(kept.file())).await.unwrap();
    assert_eq!(events.starts_over(), [ending.to_string()]);
    follower.end(false).await.unwrap();
    stream.end().await;
}

#[tokio::test]
async fn a_slot_that_another_session_dropped_proves_nothing() {
    let stream = Stream::of(SCHEMA, ROWS).await;
    let (marker, events) = (stream.marker(), RecordedEvents::default());
    let mut follower = stream.begin(&marker, &events, None).await.unwrap();
    follow_until(&mut follower, Follower::is_equal).await;
    stream
        .on_source(&format!("select pg_drop_replication_slot('{}')", follower.slot()))
        .await;
    let error = loop {
        if let Err(error) = follower.tick().await {
            break error.to_string();
        }
    };
    assert!(error.contains("has to start again"), "{error}");
    stream.end().await;
}
