//! Finding the rows that differ costs a few passes, whatever the layout of the table and the number of its rows.

use crossover_stand::postgres::{Database, Major, TestServer};
use crossover_verify::{VerifyOptions, rows::TableResult};

use crate::pair::Pair;

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
    let before = Work::of(&pair.source).await;
    let equal = pair.table(&options).await;
    assert!(equal.equal, "{}: {equal:?}", layout.name);
    let between = Work::of(&pair.source).await;
    pair.target("update t set note = 'drifted' where n % 997 = 0")
        .await;
    let different = pair.table(&options).await;
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
            assert!(equal.statements <= 12, "{}: {equal:?}", layout.name);
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
