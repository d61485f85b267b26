//! Finding the rows that differ costs a few passes, whatever the layout of the table and the number of its rows.

use std::sync::{Mutex, PoisonError};

use crossover_core::{plan::Scope, routing::Side};
use crossover_stand::postgres::{Database, Major, TestServer};
use crossover_verify::{Event, VerifyOptions, Watch, compare_rows, rows::TableResult};

use crate::pair::{Pair, crossover, still};

/// The begins (true) and ends of the snapshots of the source.
#[derive(Default)]
struct Snapshots(Mutex<Vec<bool>>);

impl Watch for Snapshots {
    fn event(&self, event: &Event<'_>) {
        if let Event::Snapshot {
            side: Side::Source,
            held,
        } = event
        {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(*held);
        }
    }
}

/// The result for the only table, and the number of snapshots of the source, each ended before the next begins.
async fn watched(pair: &Pair, options: &VerifyOptions) -> (TableResult, usize) {
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let sides = still(&source, &target);
    let snapshots = Snapshots::default();
    let mut report = compare_rows(&sides, &Scope::default(), options, &snapshots)
        .await
        .unwrap();
    assert_eq!(report.tables.len(), 1, "{:?}", report.could_not_run);
    let events = snapshots.0.into_inner().unwrap();
    assert!(events.chunks(2).all(|pair| pair == [true, false]), "{events:?}");
    (report.tables.remove(0), events.len() / 2)
}

/// What the source has done for the comparisons so far.
#[derive(Debug, Clone, Copy)]
struct Work {
    statements: i64,
    /// Blocks that statements over the table's rows have read, from memory or disk.
    blocks: i64,
}

impl Work {
    async fn of(database: &Database) -> Self {
        let sql = "select coalesce(sum(calls), 0)::int8, coalesce(sum(shared_blks_hit + shared_blks_read), 0)::int8 \
            from pg_stat_statements s join pg_database d on d.oid = s.dbid \
            where d.datname = current_database() and query like '%hashint4extended%'";
        let row = database
            .connect()
            .await
            .unwrap()
            .query_one(sql, &[])
            .await
            .unwrap();
        Self {
            statements: row.get(0),
            blocks: row.get(1),
        }
    }

    const fn since(self, before: Self) -> Self {
        Self {
            statements: self.statements - before.statements,
            blocks: self.blocks - before.blocks,
        }
    }
}

/// A table; every row whose `n` is divisible by 997 differs.
struct Layout {
    name: &'static str,
    create: &'static str,
    /// The rows, from a series `n`.
    rows: &'static str,
    sizes: &'static [u32],
}

const LAYOUTS: [Layout; 4] = [
    Layout {
        name: "uuid key",
        create: "create table t (id uuid primary key, n int not null, note text)",
        rows: "md5(n::text)::uuid, n, 'note ' || n",
        sizes: &[ROWS, 3 * ROWS],
    },
    Layout {
        name: "constant first key column",
        create: "create table t (tenant int, id uuid, n int not null, note text, primary key (tenant, id))",
        rows: "7, md5(n::text)::uuid, n, 'note ' || n",
        sizes: &[3 * ROWS],
    },
    Layout {
        name: "no key",
        create: "create table t (n int, note text)",
        rows: "n, 'note ' || n",
        sizes: &[3 * ROWS],
    },
    Layout {
        name: "hash partitions",
        create: "create table t (id uuid primary key, n int not null, note text) partition by hash (id); \
            do $$ begin for i in 0..99 loop \
                execute format('create table t%s partition of t for values with (modulus 100, remainder %s)', i, i); \
            end loop; end $$",
        rows: "md5(n::text)::uuid, n, 'note ' || n",
        sizes: &[3 * ROWS],
    },
];
/// The most passes over the table: one that is as an equal comparison, three that search, and the naming of the rows.
const PASSES: i64 = 5;
const ROWS: u32 = 102_000;

/// Each layout with `rows` rows, compared equal and with differences: the result and the work of the source.
async fn compared(pair: &Pair, layout: &Layout, rows: u32) -> (TableResult, Work, Work) {
    pair.both(&format!(
        "drop table if exists t; {}; insert into t select {} from generate_series(1, {rows}) n; analyze t",
        layout.create, layout.rows
    ))
    .await;
    let mut options = VerifyOptions::default();
    // Without a key, rows are named in a pass for each 200 of them.
    options.rows.max_reported = 100;
    // Several statements, which need a snapshot, in the smaller tables too.
    options.rows.chunk_rows = 40_000;
    let before = Work::of(&pair.source).await;
    let (equal, snapshots) = watched(pair, &options).await;
    assert!(
        equal.equal && snapshots <= 1,
        "{}: {snapshots}, {equal:?}",
        layout.name
    );
    let between = Work::of(&pair.source).await;
    pair.target("update t set note = 'drifted' where n % 997 = 0")
        .await;
    let (different, snapshots) = watched(pair, &options).await;
    // A table that one statement reads needs none.
    let passes = if equal.chunks[0].bounds.is_none() { 3 } else { 0 };
    assert!(snapshots >= passes, "{}: {snapshots}", layout.name);
    let after = Work::of(&pair.source).await;
    (different, between.since(before), after.since(between))
}

#[tokio::test]
async fn the_search_is_linear_in_the_rows_for_every_layout() {
    let settings = [("shared_preload_libraries", "pg_stat_statements")];
    let server = TestServer::private(Major::V16, &settings).await.unwrap();
    let fresh = async || server.fresh_database().await.unwrap();
    let pair = Pair {
        source: fresh().await,
        target: fresh().await,
    };
    pair.source("create extension pg_stat_statements").await;
    for layout in &LAYOUTS {
        let mut work = Vec::new();
        for rows in layout.sizes {
            let (result, equal, different) = compared(&pair, layout, *rows).await;
            let drifted = u64::from(rows / 997);
            // Without a key a changed row is one that is missing and one that is extra.
            let named = if result.key.is_empty() {
                2 * drifted
            } else {
                drifted
            };
            assert_eq!(
                (result.different_rows, result.equal),
                (named, false),
                "{}",
                layout.name
            );
            // Partitions of few rows are read together.
            assert!(equal.statements <= 16, "{}: {equal:?}", layout.name);
            assert!(
                different.statements <= PASSES * equal.statements
                    && different.blocks <= PASSES * equal.blocks,
                "{}, {rows} rows: {different:?}, equal {equal:?}",
                layout.name
            );
            work.push(different);
        }
        if let [one, three] = work[..] {
            assert!(
                10 * three.statements <= 33 * one.statements && 10 * three.blocks <= 33 * one.blocks,
                "{}: {one:?}, three times the rows: {three:?}",
                layout.name
            );
        }
    }
}
