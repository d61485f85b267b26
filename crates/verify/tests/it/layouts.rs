//! Tables of every shape: large and small, with and without keys, partitioned on one side only.

use crossover_core::{plan::Scope, ports::PortResult, rows::Shown};
use crossover_verify::{Event, Sides, Silent, VerifyOptions, Watch, compare_rows, rows::CatchUp};

use crate::pair::{Pair, crossover, named, still};

/// Three differences in 150,000 rows: enough rows for chunks.
async fn drift(pair: &Pair, table: &str, key: &str) {
    pair.both(&format!("analyze {table}")).await;
    pair.target(&format!(
        "update {table} set note = 'drifted' where {key} = 70000; delete from {table} where {key} = 2;
         insert into {table} ({key}, other, note) values (999999, 1, 'more')"
    ))
    .await;
}

const EXPECTED: [&str; 3] = ["2 missing", "70000 different note", "999999 extra"];

#[tokio::test]
async fn a_large_table_in_the_order_of_its_key_is_compared_by_ranges() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key, other int, note text); insert into t select i, i, 'n' || i from generate_series(1, 150000) i")
        .await;
    pair.both("analyze t").await;
    let equal = pair.table(&VerifyOptions::default()).await;
    assert!(equal.equal && equal.chunks.iter().all(|c| c.bounds.is_some()) && equal.chunks.len() > 1);
    drift(&pair, "t", "id").await;
    let result = pair.table(&VerifyOptions::default()).await;
    assert_eq!(named(&result), EXPECTED);
    assert_eq!((result.rows_source, result.rows_target), (150_000, 150_000));
    assert!(!result.truncated && !result.equal);
}

/// Counts the rows in the events.
#[derive(Default)]
struct Counted(std::sync::atomic::AtomicU64);

impl Watch for Counted {
    fn event(&self, event: &Event<'_>) {
        if let Event::Rows { count } = event {
            self.0.fetch_add(*count, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn rows_that_are_read_twice_are_reported_once() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key, other int, note text); insert into t select i, i, 'n' || i from generate_series(1, 150000) i")
        .await;
    drift(&pair, "t", "id").await;
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let sides = still(&source, &target);
    let counted = Counted::default();
    let report = compare_rows(&sides, &Scope::default(), &VerifyOptions::default(), &counted)
        .await
        .unwrap();
    assert_eq!(named(&report.tables[0]), EXPECTED);
    assert_eq!(counted.0.into_inner(), 300_000);
}

#[tokio::test]
async fn a_large_table_in_no_order_is_compared_by_buckets() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key, other int, note text); insert into t select i, i, repeat('n' || i, 5) from (select (j * 73::bigint) % 150001 as i from generate_series(1, 150000) j) x")
        .await;
    drift(&pair, "t", "id").await;
    let result = pair.table(&VerifyOptions::default()).await;
    assert!(result.chunks.iter().all(|c| c.bounds.is_none()) && result.chunks.len() >= 64);
    assert_eq!(named(&result), EXPECTED);
}

#[tokio::test]
async fn a_large_table_may_be_partitioned_on_one_side_only() {
    let pair = Pair::new().await;
    let fill = "insert into t (id, other, note) select i, i % 7, 'n' || i from (select (j * 73::bigint) % 150001 as i from generate_series(1, 150000) j) x";
    pair.source(&format!(
        "create table t (id int primary key, other int, note text) partition by range (id);
         create table t1 partition of t for values from (minvalue) to (50000);
         create table t2 partition of t for values from (50000) to (maxvalue) partition by range (id);
         create table t2a partition of t2 for values from (50000) to (100000);
         create table t2b partition of t2 default; {fill}"
    ))
    .await;
    pair.target(&format!(
        "create table t (note text, other int, id int primary key); {fill}"
    ))
    .await;
    assert!(pair.table(&VerifyOptions::default()).await.equal);
    drift(&pair, "t", "id").await;
    assert_eq!(named(&pair.table(&VerifyOptions::default()).await), EXPECTED);
}

#[tokio::test]
async fn keys_of_every_kind_name_their_row() {
    let pair = Pair::new().await;
    pair.both(
        "create type mood as enum ('good', 'bad'); create domain code as text;
         create table t (m mood, c code, at timestamptz, n numeric, b bytea, u uuid, v text, primary key (m, c, at, n, b, u));
         insert into t select 'good', 'x,\"y\" \\ ' || i, '2024-01-01 00:00:00+00', i / 4.0, '\\x01', '6f1e3a52-0c4b-4d7a-9b1e-2f3a4b5c6d7e', 'v' from generate_series(1, 20) i",
    )
    .await;
    pair.target("update t set v = null where n = 0.5").await;
    let result = pair.table(&VerifyOptions::default()).await;
    assert_eq!(result.differences.len(), 1);
    let key = &result.differences[0].key;
    assert_eq!(key["c"].as_ref().map(Shown::text), Some("x,\"y\" \\ 2"));
    assert_eq!(key["n"].as_ref().map(Shown::text), Some("0.50000000000000000000"));
    assert_eq!(result.differences[0].columns, ["v"]);
}

#[tokio::test]
async fn a_table_without_a_primary_key_is_compared_by_its_unique_key_or_as_a_multiset() {
    let pair = Pair::new().await;
    pair.both("create table keyed (a int not null, b int, unique (a)); insert into keyed values (1, 1), (2, 2);
               create table bag (a int, b text); insert into bag values (1, 'x'), (1, 'x'), (2, null), (3, 'z')")
        .await;
    pair.target("update keyed set b = 3 where a = 2; delete from bag where ctid = '(0,1)'; insert into bag values (2, null), (2, null), (9, 'new'); delete from bag where a = 3")
        .await;
    let report = pair.compare(&VerifyOptions::default()).await;
    let [bag, keyed] = &report.tables[..] else {
        panic!("two tables");
    };
    assert_eq!(named(keyed), ["2 different b"]);
    assert_eq!(
        named(bag),
        ["1,x missing", "2,NULL extra x2", "3,z missing", "9,new extra"]
    );
}

#[tokio::test]
async fn a_key_that_allows_null_is_not_used() {
    let pair = Pair::new().await;
    pair.both("create table t (a int unique, b int); insert into t values (null, 1), (null, 2), (3, 3)")
        .await;
    pair.target("update t set b = 5 where b = 2").await;
    let result = pair.table(&VerifyOptions::default()).await;
    assert!(result.key.is_empty());
    assert_eq!(named(&result), ["NULL,2 missing", "NULL,5 extra"]);
}

#[tokio::test]
async fn names_that_invite_mistakes_are_compared_whole() {
    let pair = Pair::new().await;
    let long = "x".repeat(63);
    pair.both(&format!(
        "create schema \"Se\"\"l\"; create table \"Se\"\"l\".\"q\" (\"q\" int primary key, \"Grüße \"\"x\"\"\" text, \"select\" text, \"{long}\" int);
         insert into \"Se\"\"l\".q values (1, 'a', 'b', 1), (2, null, '', 2)"
    ))
    .await;
    pair.target("update \"Se\"\"l\".q set \"Grüße \"\"x\"\"\" = 'c' where q = 1; update \"Se\"\"l\".q set \"select\" = null where q = 2")
        .await;
    let result = pair.table(&VerifyOptions::default()).await;
    assert_eq!(result.name, "\"Se\"\"l\".q");
    assert_eq!(named(&result), ["1 different Grüße \"x\"", "2 different select"]);
}

#[tokio::test]
async fn generated_columns_toasted_values_and_dropped_columns_do_not_disturb() {
    let pair = Pair::new().await;
    pair.both("create table t (gone int, id int primary key, big text, twice int generated always as (id * 2) stored);
               alter table t drop column gone;
               insert into t (id, big) select i, (select string_agg(md5((i * 1000 + j)::text), '') from generate_series(1, 400) j) from generate_series(1, 20) i")
        .await;
    assert!(pair.table(&VerifyOptions::default()).await.equal);
    pair.target("update t set big = big || '.' where id = 7").await;
    assert_eq!(
        named(&pair.table(&VerifyOptions::default()).await),
        ["7 different big"]
    );
}

#[tokio::test]
async fn only_rows_that_meet_the_condition_count() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key, v int); insert into t select i, i from generate_series(1, 100) i")
        .await;
    pair.target("update t set v = 0 where id in (10, 90)").await;
    let options = VerifyOptions {
        condition: Some("q.id < 50 -- or true".to_owned()),
        ..VerifyOptions::default()
    };
    let result = pair.table(&options).await;
    assert_eq!(
        (result.rows_source, named(&result)),
        (49, vec!["10 different v".to_owned()])
    );
}

#[tokio::test]
async fn more_differences_than_are_reported_set_the_flag() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key, v int); insert into t select i, i from generate_series(1, 5000) i")
        .await;
    pair.target("update t set v = -v").await;
    let mut options = VerifyOptions::default();
    options.rows.max_reported = 25;
    let result = pair.table(&options).await;
    assert_eq!(
        (result.differences.len(), result.truncated, result.equal),
        (25, true, false)
    );
}

/// Most rows become equal during the waits; the others never do.
struct MendsMost<'a>(&'a Pair);

#[async_trait::async_trait]
impl CatchUp for MendsMost<'_> {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        for table in TABLES {
            self.0
                .target(&format!("update {table} set v = abs(v) where id <= 30"))
                .await;
        }
        Ok(())
    }
}

/// Which rows of a table are checked is random; that all of these checks include a row that stays different
/// is not.
const TABLES: [&str; 8] = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"];

#[tokio::test]
async fn rows_beyond_those_that_are_checked_never_count_as_equal() {
    let pair = Pair::new().await;
    for table in TABLES {
        pair.both(&format!(
            "create table {table} (id int primary key, v int); insert into {table} select i, i from generate_series(1, 40) i"
        ))
        .await;
        pair.target(&format!("update {table} set v = -v")).await;
    }
    let (source, target) = (
        crossover("source", &pair.source).await,
        crossover("target", &pair.target).await,
    );
    let sides = Sides {
        catch_up: Some(&MendsMost(&pair)),
        ..still(&source, &target)
    };
    let mut options = VerifyOptions::default();
    (options.rows.max_reported, options.rows.max_rechecked) = (1, 1);
    let report = compare_rows(&sides, &Scope::default(), &options, &Silent)
        .await
        .unwrap();
    assert!(report.tables.iter().all(|t| !t.equal), "{:?}", report.tables);
}

#[tokio::test]
async fn counting_is_reported_as_the_method() {
    let pair = Pair::new().await;
    pair.both(
        "create table t (id int primary key, v int); insert into t select i, i from generate_series(1, 50) i",
    )
    .await;
    pair.target("update t set v = 0; delete from t where id = 1")
        .await;
    let options = VerifyOptions {
        quick: true,
        ..VerifyOptions::default()
    };
    let result = pair.table(&options).await;
    assert_eq!(
        (
            result.method,
            result.rows_source,
            result.rows_target,
            result.equal
        ),
        ("count", 50, 49, false)
    );
}
