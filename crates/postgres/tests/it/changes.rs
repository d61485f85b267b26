//! Changes from a slot, with names and values that are difficult to parse.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{
    catalogue::TableName,
    ports::{
        Change, Changes, Followed, PollOutcome, PortError, Positions, Relations, RetainedPositions, Watched,
        Written,
    },
    rows::RowKey,
};
use crossover_postgres::PostgresDatabase;
use postgres_protocol::escape::escape_identifier;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use tokio_postgres::types::ToSql;

use crate::side::Side;

/// A database with followed tables, and its slot.
struct Stream {
    side: Side,
    db: PostgresDatabase,
    slot: String,
    followed: Vec<Followed>,
    relations: Relations,
}

fn table(schema: &str, name: &str) -> TableName {
    TableName {
        schema: schema.into(),
        name: name.into(),
    }
}

fn key(texts: &[&str]) -> RowKey {
    texts.iter().map(|t| (*t).to_owned()).collect()
}

impl Stream {
    async fn of(ddl: &str, followed: &[(TableName, &[&str])]) -> Self {
        let side = Side::new().await;
        side.owner(ddl).await;
        let db = side.crossover().await;
        let slot = side.role("changes");
        let followed: Vec<Followed> = followed
            .iter()
            .map(|(table, columns)| Followed {
                table: table.clone(),
                key: columns.iter().map(|c| (*c).to_owned()).collect(),
            })
            .collect();
        db.retain_position(&slot).await.unwrap();
        let relations = db.relations(&followed).await.unwrap();
        Self {
            side,
            db,
            slot,
            followed,
            relations,
        }
    }

    async fn read(&self, watched: &Watched, limit: u32) -> (Vec<Change>, PollOutcome) {
        let mut changes = Vec::new();
        let mut take = |change| changes.push(change);
        let taken = self
            .db
            .changes(&self.slot, &self.relations, watched, limit, &mut take)
            .await
            .unwrap();
        (changes, taken)
    }

    /// The changes since the previous call, as short texts.
    async fn next(&self) -> Vec<String> {
        let (changes, taken) = self.read(&Watched::new(), 1_000_000).await;
        assert!(taken.complete);
        self.db
            .advance_position(&self.slot, &taken.upto.unwrap())
            .await
            .unwrap();
        changes
            .iter()
            .map(|change| match change {
                Change::Row { table, key, .. } => format!("{table} {}", key.join(",")),
                Change::Table { table } => format!("{table} whole"),
            })
            .collect()
    }

    async fn end(self) {
        self.db.release_position(&self.slot).await.unwrap();
    }
}

#[tokio::test]
async fn every_kind_of_change_shows_the_keys_of_its_rows() {
    let stream = Stream::of(
        "create table shop.t (id int, v text, primary key (id));
         create table shop.whole (v text);
         create table shop.other (id int primary key);
         create table shop.unique_only (id int primary key, code text not null unique);
         create table shop.full_identity (id int primary key, code text not null unique);
         alter table shop.full_identity replica identity full;
         create table shop.parts (id int primary key, v text) partition by range (id);
         create table shop.parts_1 partition of shop.parts for values from (0) to (10);",
        &[
            (table("shop", "t"), &["id"]),
            (table("shop", "whole"), &[]),
            (table("shop", "unique_only"), &["code"]),
            (table("shop", "full_identity"), &["code"]),
            (table("shop", "parts"), &["id"]),
        ],
    )
    .await;
    let cases: &[(&str, &[&str])] = &[
        (
            "insert into shop.t values (1, 'a'), (2, 'b')",
            &["shop.t 1", "shop.t 2"],
        ),
        ("update shop.t set v = 'c' where id = 1", &["shop.t 1"]),
        ("update shop.t set id = 3 where id = 1", &["shop.t 1", "shop.t 3"]),
        ("delete from shop.t where id = 3", &["shop.t 3"]),
        ("begin; insert into shop.t values (9); rollback", &[]),
        ("insert into shop.other values (1); delete from shop.other", &[]),
        ("insert into shop.whole values ('a')", &["shop.whole whole"]),
        (
            "insert into shop.unique_only values (1, 'a')",
            &["shop.unique_only a"],
        ),
        // The server does not log the old code.
        (
            "update shop.unique_only set code = 'b'",
            &["shop.unique_only whole"],
        ),
        ("delete from shop.unique_only", &["shop.unique_only whole"]),
        (
            "insert into shop.full_identity values (1, 'a')",
            &["shop.full_identity a"],
        ),
        (
            "update shop.full_identity set code = 'b'",
            &["shop.full_identity a", "shop.full_identity b"],
        ),
        ("delete from shop.full_identity", &["shop.full_identity b"]),
        ("insert into shop.parts values (1, 'a')", &["shop.parts 1"]),
        ("truncate shop.t, shop.other", &["shop.t whole"]),
        ("truncate shop.parts", &["shop.parts whole"]),
    ];
    for (sql, expected) in cases {
        stream.side.owner(sql).await;
        assert_eq!(stream.next().await, *expected, "{sql}");
    }
    stream.end().await;
}

#[tokio::test]
async fn a_new_partition_is_reported_as_unknown() {
    let mut stream = Stream::of(
        "create table shop.parts (id int primary key) partition by range (id)",
        &[(table("shop", "parts"), &["id"])],
    )
    .await;
    stream
        .side
        .owner(
            "create table shop.parts_1 partition of shop.parts for values from (0) to (10);
             insert into shop.parts values (1)",
        )
        .await;
    let (changes, taken) = stream.read(&Watched::new(), 1_000).await;
    assert_eq!(changes, []);
    assert_eq!(taken.unknown, BTreeSet::from([table("shop", "parts_1")]));
    stream.relations = stream.db.relations(&stream.followed).await.unwrap();
    assert_eq!(stream.next().await, ["shop.parts 1"]);
    stream.end().await;
}

#[tokio::test]
async fn changes_are_repeated_until_the_slot_is_advanced_and_transactions_stay_whole() {
    let stream = Stream::of(
        "create table shop.t (id int primary key)",
        &[(table("shop", "t"), &["id"])],
    )
    .await;
    let sql = "insert into shop.t select generate_series(1, 100)";
    stream.side.owner(sql).await;
    stream.side.owner("insert into shop.t values (101)").await;
    let (first, taken) = stream.read(&Watched::new(), 10).await;
    assert_eq!((first.len(), taken.complete), (100, false));
    let (again, _) = stream.read(&Watched::new(), 10).await;
    assert_eq!(first, again);
    stream
        .db
        .advance_position(&stream.slot, taken.upto.as_ref().unwrap())
        .await
        .unwrap();
    assert_eq!(stream.next().await, ["shop.t 101"]);
    assert_eq!(stream.next().await, [""; 0]);
    let slot = stream.db.retained_state(&stream.slot).await.unwrap().unwrap();
    assert_eq!(slot.lost, None);
    let beyond = stream.db.bytes_ahead(&taken.upto.unwrap(), &slot.position);
    assert!(beyond.unwrap().is_some());
    let name = stream.slot.clone();
    stream.db.release_position(&name).await.unwrap();
    assert_eq!(stream.db.retained_state(&name).await.unwrap(), None);
    let gone = stream
        .db
        .changes(&name, &stream.relations, &Watched::new(), 1, &mut |_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(&gone, PortError::Missing { what } if what.contains(&name)),
        "{gone}"
    );
}

/// Texts with the characters and keywords of the format.
fn difficult_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("'"),
        Just("''"),
        Just("\""),
        Just("\"\""),
        Just("["),
        Just("]"),
        Just(":"),
        Just(" "),
        Just(", "),
        Just("null"),
        Just("unchanged-toast-datum"),
        Just(" new-tuple:"),
        Just(" old-key:"),
        Just("\\"),
        Just("\n"),
        Just("table a.b: TRUNCATE: (no-flags)"),
        Just("B'1'"),
        Just("é"),
        Just("日本"),
        Just("x"),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

/// Valid names: not empty, and at most 63 bytes, because PostgreSQL truncates longer names.
fn name() -> impl Strategy<Value = String> {
    difficult_text().prop_map(|text| {
        let mut name = format!("n{text}");
        while name.len() > 40 {
            name.pop();
        }
        name
    })
}

#[tokio::test]
async fn any_names_and_values_are_read_as_they_were_written() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let mut draw_name = |taken: &[String]| loop {
        let name = name().new_tree(&mut runner).unwrap().current();
        if !taken.contains(&name) {
            return name;
        }
    };
    let mut names: Vec<String> = Vec::new();
    for _ in 0..6 {
        let name = draw_name(&names);
        names.push(name);
    }
    let [schema, relation, id, first, second, sql_type] = &names[..] else {
        panic!("six names")
    };
    let qualified = format!("{}.{}", escape_identifier(schema), escape_identifier(relation));
    let domain = format!("{}.{}", escape_identifier(schema), escape_identifier(sql_type));
    let stream = Stream::of(
        &format!(
            "create schema {};
             create domain {domain} as text;
             create table {qualified} ({} text, {} text[], {} {domain}, b bit varying, n numeric, f boolean, \"select\" int, primary key ({}, n))",
            escape_identifier(schema), escape_identifier(id), escape_identifier(first), escape_identifier(second), escape_identifier(id)
        ),
        &[(table(schema, relation), &[id.as_str(), "n"])],
    )
    .await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let mut expected: BTreeMap<RowKey, Written> = BTreeMap::new();
    let client = stream.side.superuser().await;
    let sql = format!(
        "insert into {qualified} values ($1, array[$2], $3::text, B'0110', $4::int::numeric, $5, null)"
    );
    for n in 0..200_i32 {
        let mut text = || difficult_text().new_tree(&mut runner).unwrap().current();
        let (id_text, item, value) = (text(), text(), (n % 5 > 0).then(&mut text));
        let params: [&(dyn ToSql + Sync); 5] = [&id_text, &item, &value, &n, &(n % 2 == 0)];
        client.execute(&sql, &params).await.unwrap();
        // The server prints the array.
        let array: String = client
            .query_one("select array[$1::text]::text", &[&item])
            .await
            .unwrap()
            .get(0);
        let row = Written::from([
            (id.clone(), Some(id_text.clone())),
            (first.clone(), Some(array)),
            (second.clone(), value),
            ("b".to_owned(), Some("0110".to_owned())),
            ("n".to_owned(), Some(n.to_string())),
            ("f".to_owned(), Some((n % 2 == 0).to_string())),
            ("select".to_owned(), None),
        ]);
        expected.insert(vec![id_text, n.to_string()], row);
    }
    let watched = Watched::from([(table(schema, relation), expected.keys().cloned().collect())]);
    let (changes, taken) = stream.read(&watched, 1_000_000).await;
    assert!(taken.complete && taken.unknown.is_empty());
    let read: BTreeMap<RowKey, Written> = changes
        .into_iter()
        .map(|change| match change {
            Change::Row {
                table: of,
                key,
                written: Some(Some(written)),
            } if of == table(schema, relation) => (key, written),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(read, expected);
    stream.end().await;
}

#[tokio::test]
async fn an_unchanged_large_value_is_left_out_and_a_deleted_row_has_no_values() {
    let stream = Stream::of(
        "create table shop.t (id int primary key, v int, large text);
         alter table shop.t alter large set storage external",
        &[(table("shop", "t"), &["id"])],
    )
    .await;
    stream
        .side
        .owner("insert into shop.t values (1, 1, repeat('x', 10000)); update shop.t set v = 2; delete from shop.t")
        .await;
    let watched = Watched::from([(table("shop", "t"), BTreeSet::from([key(&["1"])]))]);
    let (changes, _) = stream.read(&watched, 1_000).await;
    let lengths: Vec<Option<usize>> = changes
        .iter()
        .map(|change| match change {
            Change::Row {
                written: Some(row), ..
            } => row.as_ref().map(BTreeMap::len),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [Some(3), Some(2), None]);
    stream.end().await;
}

#[tokio::test]
async fn every_database_has_a_distinct_identity() {
    let (one, two) = (Side::new().await, Side::new().await);
    let (one_db, two_db) = (one.crossover().await, two.crossover().await);
    let identity = one_db.identity().await.unwrap();
    assert_eq!(one.crossover().await.identity().await.unwrap(), identity);
    assert_ne!(two_db.identity().await.unwrap(), identity);
}

#[tokio::test]
async fn a_server_without_a_readable_system_identifier_is_identified_by_its_address() {
    let (one, two) = (Side::new().await, Side::new().await);
    let by_identifier = one.crossover().await.identity().await.unwrap();
    for side in [&one, &two] {
        side.owner("revoke execute on function pg_control_system() from public, pg_monitor")
            .await;
    }
    let by_address = one.crossover().await.identity().await.unwrap();
    let settings = one.settings();
    let address = format!("{}:{}/", settings.host, settings.port);
    assert!(
        by_address.starts_with(&address) && !by_identifier.starts_with(&address),
        "{by_identifier} {by_address}"
    );
    assert_eq!(one.crossover().await.identity().await.unwrap(), by_address);
    assert_ne!(two.crossover().await.identity().await.unwrap(), by_address);
}
