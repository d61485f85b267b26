//! Values that are easily confused, in every way of hashing and across versions.

use crossover_core::{plan::Scope, rows::Hashing};
use crossover_stand::postgres::Major;
use crossover_verify::{Silent, VerifyOptions, compare_rows};

use crate::pair::{Pair, crossover, database, named, still};

mod carried;

/// A type, and values that all differ although PostgreSQL or a careless hash considers some of them equal.
const LOOKALIKES: &[(&str, &[&str])] = &[
    (
        "int8",
        &[
            "0",
            "4294967297",
            "-1",
            "-4294967298",
            "9223372036854775807",
            "null",
        ],
    ),
    ("int4", &["0", "-1", "2147483647", "null"]),
    ("int2", &["0", "-1", "null"]),
    ("bool", &["true", "false", "null"]),
    ("text", &["''", "' '", "'NULL'", "null", "'a'", "'A'", "'ä'"]),
    ("varchar(9)", &["''", "'x '", "'x'", "null"]),
    ("char(4)", &["''", "'x'", "null"]),
    (
        "numeric",
        &["1.0", "1.00", "1", "-1", "'NaN'", "0", "0.0", "null"],
    ),
    ("numeric(12,2)", &["1", "-1", "0", "'NaN'", "100", "0.01", "null"]),
    (
        "float8",
        &["0", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", "1", "null"],
    ),
    ("float4", &["0", "'-0'", "0.1", "0.10000001", "null"]),
    (
        "date",
        &[
            "'2000-01-01'",
            "'infinity'",
            "'-infinity'",
            "'0001-01-01 BC'",
            "null",
        ],
    ),
    (
        "timestamptz",
        &[
            "'2024-01-01 00:00:00+00'",
            "'2024-01-01 00:00:00.000001+00'",
            // A hash that combines the two halves of a timestamp considers these two equal.
            "'2000-01-01 00:00:00+00'",
            "'2000-01-01 01:11:34.967297+00'",
            "'infinity'",
            "'-infinity'",
            "'294276-12-31 23:59:59.999999+00'",
            "null",
        ],
    ),
    (
        "timestamp",
        &[
            "'2000-01-01 00:00:00'",
            "'2000-01-01 01:11:34.967297'",
            "'infinity'",
            "'-infinity'",
            "null",
        ],
    ),
    ("interval", &["'1 mon'", "'30 days'", "'720 hours'", "null"]),
    ("time", &["'00:00'", "'24:00'", "null"]),
    ("timetz", &["'12:00+00'", "'13:00+01'", "null"]),
    (
        "uuid",
        &[
            "'00000000-0000-0000-0000-000000000000'",
            "'00000000-0000-0000-0000-000000000001'",
            "null",
        ],
    ),
    ("bytea", &["''", "'\\x00'", "'\\x0000'", "null"]),
    (
        "jsonb",
        &[
            "'{}'",
            "'null'",
            "'{\"a\": 1.0}'",
            "'{\"a\": 1.00}'",
            "'{\"a\": -1}'",
            "'{\"a\": 1}'",
            "null",
        ],
    ),
    ("json", &["'{}'", "'{ }'", "null"]),
    (
        "int[]",
        &["'{}'", "'{NULL}'", "'{1}'", "'[0:0]={1}'", "'{{1}}'", "null"],
    ),
    (
        "text[]",
        &[
            "'{}'",
            "'{NULL}'",
            "'{\"NULL\"}'",
            "'{\"a,b\"}'",
            "'{a,b}'",
            "null",
        ],
    ),
    ("int4range", &["'empty'", "'[1,2)'", "'(,2)'", "null"]),
    ("tsvector", &["''", "'a:1'", "'a:2'", "null"]),
    ("xml", &["'<a/>'", "'<a></a>'", "null"]),
    ("inet", &["'10.0.0.1'", "'10.0.0.1/24'", "null"]),
    ("money", &["1", "-1", "null"]),
    ("bit varying(8)", &["B'0'", "B'00'", "null"]),
    ("mood", &["'good'", "'bad'", "null"]),
    ("amount", &["1", "-1", "null"]),
    ("tag", &["'x'", "'xy'", "null"]),
    (
        "spot",
        &[
            "row(null, null)",
            "row(1, null)",
            "row(1, 'a')",
            "row(1, '')",
            "null",
        ],
    ),
    ("spot[]", &["'{}'", "array[row(1, 'a')::spot]", "null"]),
    ("citext", &["'a'", "'A'", "''", "null"]),
    (
        "hstore",
        &["''", "'a=>1'", "'a=>NULL'", "'a=>\"NULL\"'", "'a=>\"\"'", "null"],
    ),
];

const TYPES: &str = "create extension citext; create extension hstore; create type mood as enum ('good', 'bad'); create domain amount as numeric(9,3);
    create domain tag as char(3); create type spot as (x int, name text);";

fn with(hashing: Hashing) -> VerifyOptions {
    VerifyOptions {
        hashing: Some(hashing),
        ..VerifyOptions::default()
    }
}

/// One table for each type, with every value beside every other one, so that row n differs where the two
/// values differ.
async fn check(pair: &Pair, hashing: Hashing) {
    pair.both(TYPES).await;
    for (place, (sql_type, values)) in LOOKALIKES.iter().enumerate() {
        let table = format!("t{place}");
        pair.both(&format!(
            "create table {table} (id int primary key, v {sql_type})"
        ))
        .await;
        let (mut source, mut target, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for (i, one) in values.iter().enumerate() {
            for (j, other) in values.iter().enumerate() {
                let id = i * values.len() + j;
                source.push(format!("({id}, {one})"));
                target.push(format!("({id}, {other})"));
                if i != j {
                    expected.push(format!("{id} different v"));
                }
            }
        }
        let insert = |rows: Vec<String>| format!("insert into {table} values {}", rows.join(", "));
        pair.source(&insert(source)).await;
        pair.target(&insert(target)).await;
        let mut options = with(hashing);
        options.selection.tables = vec![format!("public.{table}")];
        let result = pair.table(&options).await;
        expected.sort();
        assert_eq!(named(&result), expected, "{sql_type} by {hashing:?}");
    }
}

#[tokio::test]
async fn no_value_is_taken_for_another_by_typed_hashes() {
    check(&Pair::new().await, Hashing::TypedHash).await;
}

#[tokio::test]
async fn no_value_is_taken_for_another_by_md5() {
    check(&Pair::new().await, Hashing::Md5).await;
}

#[tokio::test]
async fn no_value_is_taken_for_another_when_rows_are_streamed() {
    check(&Pair::new().await, Hashing::Stream).await;
}

#[tokio::test]
async fn equal_values_are_equal_across_all_versions() {
    let majors: Vec<Major> = Major::all_here().collect();
    let newest = *majors.last().unwrap();
    for major in &majors {
        let pair = Pair::on(*major, newest).await;
        pair.both(TYPES).await;
        for (place, (sql_type, values)) in LOOKALIKES.iter().enumerate() {
            let rows: Vec<String> = values
                .iter()
                .enumerate()
                .map(|(id, value)| format!("({id}, {value})"))
                .collect();
            pair.both(&format!(
                "create table t{place} (id int primary key, v {sql_type}); insert into t{place} values {}",
                rows.join(", ")
            ))
            .await;
        }
        let report = pair.compare(&VerifyOptions::default()).await;
        assert!(report.tables.iter().all(|t| t.method == "typed-hash"), "{major}");
        let different: Vec<String> = report
            .tables
            .iter()
            .filter(|t| !t.equal)
            .map(|t| format!("{}: {:?}", t.name, named(t)))
            .collect();
        assert!(different.is_empty(), "{major} against {newest}: {different:?}");
        assert_eq!(report.tables.len(), LOOKALIKES.len());
    }
}

#[tokio::test]
async fn types_that_differ_between_the_sides_are_compared_by_value() {
    let pair = Pair::new().await;
    pair.source("create table t (id int primary key, n int, s varchar(20)); insert into t values (1, 5, 'a'), (2, null, null), (3, 7, 'c')")
        .await;
    pair.target("create table t (id bigint primary key, n bigint, s text); insert into t values (1, 5, 'a'), (2, null, null), (3, 8, 'c')")
        .await;
    let result = pair.table(&VerifyOptions::default()).await;
    assert_eq!(named(&result), ["3 different n"]);
}

#[tokio::test]
async fn databases_of_different_encodings_are_compared_by_what_their_texts_mean() {
    let pair = Pair::new().await;
    let latin = format!("{}_latin", pair.target.name());
    let admin = pair.target.connect().await.unwrap();
    admin
        .batch_execute(&format!(
            "create database \"{latin}\" encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0"
        ))
        .await
        .unwrap();
    let fill = "create table t (name text primary key, v text); insert into t values ('Grüße', 'ä'), ('b', 'ö'), ('c', 'c')";
    pair.source(fill).await;
    let mut config = pair.target.config();
    let (client, connection) = config
        .dbname(&latin)
        .connect(tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client.batch_execute(fill).await.unwrap();
    client
        .batch_execute("update t set v = 'ü' where name = 'b'")
        .await
        .unwrap();
    let source = crossover("source", &pair.source).await;
    let target = database("target", pair.target.access(), &latin).await;
    let sides = still(&source, &target);
    let report = compare_rows(&sides, &Scope::default(), &VerifyOptions::default(), &Silent)
        .await
        .unwrap();
    assert_eq!(named(&report.tables[0]), ["b different v"]);
    assert!(report.notes[0].contains("LATIN1"), "{:?}", report.notes);
}

#[tokio::test]
async fn the_settings_of_a_database_do_not_change_what_its_rows_are() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key, at timestamptz, d date, i interval, f float8, b bytea); insert into t values (1, '2024-03-31 01:30:00+00', '2024-02-01', '1 day 2 hours', 0.1::float8 + 0.2, '\\x01ff')")
        .await;
    pair.target(&format!(
        "alter database \"{0}\" set timezone = 'Asia/Tokyo'; alter database \"{0}\" set datestyle = 'German';
         alter database \"{0}\" set intervalstyle = 'iso_8601'; alter database \"{0}\" set extra_float_digits = 0;
         alter database \"{0}\" set bytea_output = 'escape'",
        pair.target.name()
    ))
    .await;
    for hashing in [Hashing::TypedHash, Hashing::Md5, Hashing::Stream] {
        assert!(pair.table(&with(hashing)).await.equal, "{hashing:?}");
    }
}

#[tokio::test]
async fn keys_of_a_type_from_an_extension_are_keys_like_others() {
    let pair = Pair::new().await;
    pair.both(
        "create extension citext;
         create table t (name citext primary key, v int);
         insert into t select chr(65 + i % 2 * 32) || i || 'x', i from generate_series(1, 5000) i; analyze t",
    )
    .await;
    pair.target("update t set v = -1 where name = 'A42x'; delete from t where name = 'a4001X'")
        .await;
    // The same key for PostgreSQL, but not the same row.
    pair.target("update t set name = upper(name::text) where name = 'a77x'")
        .await;
    for hashing in [Hashing::TypedHash, Hashing::Md5, Hashing::Stream] {
        let mut options = with(hashing);
        options.rows.chunk_rows = 500;
        let found = named(&pair.table(&options).await);
        assert!(
            found.contains(&"A42x different v".to_owned()),
            "{hashing:?}: {found:?}"
        );
        assert!(
            found.contains(&"a4001x missing".to_owned()),
            "{hashing:?}: {found:?}"
        );
        assert!(
            found.len() > 2
                && found
                    .iter()
                    .all(|f| f.contains("42x") || f.contains("4001x") || f.to_lowercase().contains("a77x")),
            "{hashing:?}: {found:?}"
        );
    }
}
