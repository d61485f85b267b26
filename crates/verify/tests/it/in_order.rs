//! Tables whose rows are stored in the order of their key and read by blocks, and tables where some rows are
//! not.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossover_core::plan::Scope;
use crossover_stand::postgres::Database;
use crossover_verify::{
    Event, VerifyOptions, Watch, compare_rows,
    rows::{Chunk, TableResult},
};

use crate::pair::{Pair, apart, block_on, crossover, is_true, named, still};

const TABLE: &str = "create table t (id int primary key, other int, note text)";
const ROWS: &str = "insert into t select i, i, 'n' || i from generate_series(1, 150000) i";

/// Small chunks, one after the other.
fn options() -> VerifyOptions {
    let mut options = VerifyOptions::default();
    options.rows.chunk_rows = 20_000;
    options.rows.jobs = 1;
    options
}

/// Rows that scans of the table have read so far, by blocks and by index, once all these reads are counted.
async fn reads(database: &Database, at_least: i64) -> (i64, i64) {
    let client = database.connect().await.unwrap();
    loop {
        let row = client
            .query_one(
                "select seq_tup_read, idx_tup_fetch from pg_stat_user_tables where relname = 't'",
                &[],
            )
            .await
            .unwrap();
        let reads: (i64, i64) = (row.get(0), row.get(1));
        if reads.0 + reads.1 >= at_least {
            return reads;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_table_in_the_order_of_its_key_is_read_by_its_blocks() {
    let pair = Pair::new().await;
    pair.both(&format!("{TABLE}; {ROWS}; analyze t")).await;
    let result = pair.table(&options()).await;
    assert!(result.equal && result.chunks.len() > 5, "{result:?}");
    assert_eq!((result.rows_source, result.rows_target), (150_000, 150_000));
    for side in [&pair.source, &pair.target] {
        let (blocks, index) = reads(side, 150_000).await;
        assert!(
            blocks >= 150_000 && index < 1_000,
            "{blocks} by blocks, {index} by index"
        );
    }
}

#[tokio::test]
async fn a_chunk_may_be_the_whole_table() {
    let pair = Pair::new().await;
    pair.both(&format!("{TABLE}; {ROWS}; analyze t")).await;
    let mut options = options();
    options.rows.chunk_rows = 100_000_000;
    let result = pair.table(&options).await;
    assert!(result.equal && result.chunks.len() == 1, "{result:?}");
}

/// Neighbouring rows are exchanged over the width of a chunk: the table as a whole is in order, a block range
/// is not.
#[tokio::test]
async fn a_table_whose_chunks_are_mixed_is_read_by_its_index() {
    let pair = Pair::new().await;
    pair.both(&format!(
        "{TABLE}; insert into t select i, i, 'n' || i from generate_series(1, 150000) i order by i + 15000 * (i % 2); analyze t"
    ))
    .await;
    let mut options = options();
    options.rows.chunk_rows = 10_000;
    assert!(pair.table(&options).await.equal);
    for side in [&pair.source, &pair.target] {
        let (_, index) = reads(side, 150_000).await;
        assert!(index >= 150_000, "{index} by index");
    }
}

const DRIFTED: &str = "insert into t select i, i, case when i = 40000 then 'drifted' else 'n' || i end
    from generate_series(0, 150000) i where i not in (2, 90000); analyze t";

/// The source and the target with some differences, none of which was made by changing a row.
async fn drifted(table: &str) -> TableResult {
    let pair = Pair::new().await;
    pair.source(&format!(
        "{table}; {ROWS}; insert into t values (150001, 1, 'last'); analyze t"
    ))
    .await;
    pair.target(&format!("{table}; {DRIFTED}")).await;
    let result = pair.table(&options()).await;
    assert_eq!(
        named(&result),
        [
            "0 extra",
            "150001 missing",
            "2 missing",
            "40000 different note",
            "90000 missing"
        ]
    );
    assert_eq!((result.rows_source, result.rows_target), (150_001, 149_999));
    result
}

#[tokio::test]
async fn differences_are_found_when_blocks_are_read() {
    drifted(TABLE).await;
}

#[tokio::test]
async fn ranges_of_the_index_become_narrower_once_something_differs() {
    let parted = format!("{TABLE} partition by range (id); create table t1 partition of t default");
    let result = drifted(&parted).await;
    let width = |chunk: &Chunk| {
        let bounds = chunk.bounds.clone().unwrap();
        let number = |text: Option<String>| text.unwrap().parse::<i64>().unwrap();
        number(bounds.to) - number(bounds.from)
    };
    let inner = &result.chunks[1..result.chunks.len() - 1];
    let widths: Vec<i64> = inner.iter().map(width).collect();
    assert!(widths[widths.len() - 1] < 10_000, "{widths:?}");
}

/// The same row at the end of the disk on both sides, with different content: neither side finds it in its
/// key's range.
#[tokio::test]
async fn a_row_that_is_stored_elsewhere_is_not_missed() {
    let pair = Pair::new().await;
    let most = "insert into t select i, i, 'n' || i from generate_series(1, 150000) i where i <> 70000";
    pair.source(&format!(
        "{TABLE}; {most}; insert into t values (70000, 1, 'here'); analyze t"
    ))
    .await;
    pair.target(&format!(
        "{TABLE}; {most}; insert into t values (70000, 1, 'there'); analyze t"
    ))
    .await;
    let result = pair.table(&options()).await;
    assert_eq!(named(&result), ["70000 different note"]);
    assert_eq!((result.rows_source, result.rows_target), (150_000, 150_000));
}

/// Runs an action once, as soon as this many rows of both sides together were read.
struct Meanwhile<F> {
    after_rows: u64,
    does: F,
    rows: AtomicU64,
    done: AtomicBool,
}

impl<F: AsyncFn() + Send + Sync> Meanwhile<F> {
    const fn new(after_rows: u64, does: F) -> Self {
        Self {
            after_rows,
            does,
            rows: AtomicU64::new(0),
            done: AtomicBool::new(false),
        }
    }

    /// The rows that differ when the action runs during the comparison.
    async fn compare(&self, pair: &Pair) -> Vec<String> {
        let source = crossover("source", &pair.source).await;
        let target = crossover("target", &pair.target).await;
        let report = compare_rows(&still(&source, &target), &Scope::default(), &options(), self)
            .await
            .unwrap();
        assert!(report.could_not_run.is_empty(), "{:?}", report.could_not_run);
        assert!(
            self.done.load(Ordering::Relaxed),
            "the action did not run during the comparison"
        );
        report.tables.iter().flat_map(named).collect()
    }
}

impl<F: AsyncFn() + Send + Sync> Watch for Meanwhile<F> {
    fn event(&self, event: &Event<'_>) {
        let Event::Rows { count } = event else { return };
        if self.rows.fetch_add(*count, Ordering::Relaxed) + count < self.after_rows
            || self.done.swap(true, Ordering::Relaxed)
        {
            return;
        }
        apart(&self.does);
    }
}

#[tokio::test]
async fn a_row_that_moves_behind_the_reader_is_not_missed() {
    let pair = Pair::new().await;
    // Rows that were never committed leave space in an early block, which only vacuum makes known: later rows
    // are stored after it. The last block is almost full.
    let rows = |note: &str| {
        format!(
            "{TABLE} with (autovacuum_enabled = off); insert into t select i, i, 'n' || i from generate_series(1, 1000) i;
             commit; begin; insert into t select -i, i, repeat('x', 1900) from generate_series(1, 20) i; rollback;
             insert into t select i, i, case when i = 149000 then '{note}' else 'n' || i end from generate_series(1001, 150060) i"
        )
    };
    pair.source(&rows("here")).await;
    pair.target(&rows("there")).await;
    pair.both("vacuum (index_cleanup on, analyze) t").await;
    // By then each side has read some of its 150,060 rows, and probably neither side has read all.
    let moves = "update t set note = note || repeat('x', 1900) where id = 149000";
    let moving = Meanwhile::new(165_000, async || pair.both(moves).await);
    assert_eq!(moving.compare(&pair).await, ["149000 different note"]);
}

const ANEW: &str = "vacuum full t";

/// Another session runs the action and waits for the readers.
const IS_WAITING: &str = "select exists (select from pg_stat_activity
    where datname = current_database() and query = 'vacuum full t' and wait_event_type = 'Lock')";

/// Every remaining row moves to a position that has already been read.
#[tokio::test]
async fn a_table_that_is_rewritten_under_the_reader_is_read_again() {
    let pair = std::sync::Arc::new(Pair::new().await);
    let rows = |note: &str| {
        format!(
            "{TABLE} with (autovacuum_enabled = off);
             insert into t select i, i, case when i = 299000 then '{note}' else 'n' || i end from generate_series(1, 300000) i"
        )
    };
    pair.source(&rows("here")).await;
    pair.target(&rows("there")).await;
    pair.both("delete from t where id <= 150000; analyze t").await;
    let rewriters = std::sync::Mutex::new(Vec::new());
    let during = Meanwhile::new(165_000, async || {
        // Run by another session: a reader between two statements would hold its lock until its next turn.
        let sides: [fn(&Pair) -> &Database; 2] = [|pair| &pair.source, |pair| &pair.target];
        for side in sides {
            let of = pair.clone();
            let theirs = std::thread::spawn(move || {
                block_on(async {
                    let client = side(&of).connect().await.unwrap();
                    client.batch_execute(ANEW).await.unwrap();
                });
            });
            while !theirs.is_finished() && !is_true(side(&pair), IS_WAITING).await {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            rewriters.lock().unwrap().push(theirs);
        }
    });
    assert_eq!(during.compare(&pair).await, ["299000 different note"]);
    for theirs in rewriters.into_inner().unwrap() {
        theirs.join().unwrap();
    }
}
