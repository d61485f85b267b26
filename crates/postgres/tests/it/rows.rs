//! Row content: what must differ differs, what must be equal is equal, on two versions.

use std::collections::BTreeMap;

use crossover_core::{
    catalogue::TableName,
    ports::{PortError, RowDigest, RowHash, Rows},
};

use crate::side::{Side, both_versions, table};

async fn with(side: &Side, sql: &str) {
    side.owner(&format!(
        "set search_path = shop; {sql}; grant select on all tables in schema shop to {}",
        side.own()
    ))
    .await;
}

async fn digest(side: &Side, name: &str) -> BTreeMap<u32, RowDigest> {
    side.crossover().await.digests(&table(name), 1).await.unwrap()
}

#[tokio::test]
async fn what_looks_alike_and_is_not_has_another_digest() {
    let side = Side::new().await;
    let cases = [
        ("text", "null", "''"),
        ("numeric", "1.0", "1.00"),
        ("interval", "'1 mon'", "'30 days'"),
        ("float8", "'0'", "'-0'"),
        ("float8", "0.1", "0.10000000000000002"),
        ("text", "'a,b'", "'a'',b'"),
        ("text", "'null'", "null"),
        ("json", "'{\"a\":1}'", "'{\"a\": 1}'"),
        ("text[]", "array['null']", "array[null]::text[]"),
        (
            "timestamptz",
            "'2026-01-01 00:00:00+00'",
            "'2026-01-01 00:00:00.000001+00'",
        ),
        ("bytea", "'\\x00'", "'\\x0000'"),
        ("char(3)", "'a'", "'b'"),
    ];
    for (place, (sql_type, one, other)) in cases.iter().enumerate() {
        let row = |value: &str| format!("insert into one{place} values (1, {value})");
        with(
            &side,
            &format!(
                "create table one{place} (id int primary key, v {sql_type}); create table two{place} (like one{place} including all);
                 {}; {}",
                row(one),
                row(other).replace("one", "two")
            ),
        )
        .await;
        let (one_digest, two_digest) = (
            digest(&side, &format!("one{place}")).await,
            digest(&side, &format!("two{place}")).await,
        );
        assert_ne!(one_digest, two_digest, "{sql_type}: {one} and {other}");
        assert_eq!(one_digest[&0].rows, 1);
    }
}

#[tokio::test]
async fn equal_rows_are_equal_across_versions_orders_and_settings() {
    let (source, target) = both_versions().await;
    let columns = "id bigint primary key, price numeric(12,2), at timestamptz, took interval, f float8, b bytea, j jsonb,
                   tags text[], note text, m money";
    with(&source, &format!("create table t ({columns})")).await;
    let reversed: Vec<&str> = columns.split(", ").collect();
    let reversed = reversed
        .iter()
        .rev()
        .map(|s| s.trim())
        .collect::<Vec<_>>()
        .join(", ");
    with(&target, &format!("create table t ({reversed})")).await;
    let fill = |order: &str| {
        format!(
            "insert into t (id, price, at, took, f, b, j, tags, note, m)
             select i, i / 7.0, timestamptz '2026-01-01 00:00+00' + i * interval '1 h', i * interval '1.5 h', i / 3.0::float8,
                 decode(md5(i::text), 'hex'), jsonb_build_object('i', i), array['a', null, i::text],
                 case when i % 3 = 0 then null when i % 3 = 1 then '' else 'ü \"quoted\", \\ ' || i end, i::int::money
             from generate_series(1, 2000) i order by 1 {order}"
        )
    };
    with(&source, &fill("asc")).await;
    with(&target, &fill("desc")).await;
    for (side, zone, style) in [
        (&source, "Asia/Tokyo", "iso_8601"),
        (&target, "America/New_York", "sql_standard"),
    ] {
        side.admin(&format!(
            "alter role {0} set timezone = '{zone}'; alter role {0} set intervalstyle = '{style}'; alter role {0} set datestyle = 'german';
             alter database {1} set extra_float_digits = -5; alter database {1} set bytea_output = 'escape'",
            side.own(),
            side.name
        ))
        .await;
    }
    let (from, to) = (source.crossover().await, target.crossover().await);
    let (one, two) = (
        from.digests(&table("t"), 64).await.unwrap(),
        to.digests(&table("t"), 64).await.unwrap(),
    );
    assert_eq!(one, two);
    assert_eq!(one.values().map(|d| d.rows).sum::<u64>(), 2000);
    assert_eq!(one.len(), 64);

    // One row changes: one bucket differs, and in it that row is found by its key.
    with(
        &target,
        "update t set note = note || '!' where id = 1001; delete from t where id = 7",
    )
    .await;
    let two = to.digests(&table("t"), 64).await.unwrap();
    let differing: Vec<u32> = (0..64).filter(|b| one.get(b) != two.get(b)).collect();
    assert!((1..=2).contains(&differing.len()), "{differing:?}");
    let here = from.rows_in(&table("t"), 64, &differing).await.unwrap();
    let there = to.rows_in(&table("t"), 64, &differing).await.unwrap();
    let keys: Vec<String> = here
        .iter()
        .filter(|row| !there.contains(row))
        .map(|row| row.key.clone())
        .collect();
    assert_eq!(keys, ["(1001)", "(7)"]);
    let again = to.rows_of(&table("t"), &keys).await.unwrap();
    assert_eq!(
        again.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(),
        ["(1001)"]
    );
    assert!(there.contains(&again[0]));
    with(
        &target,
        "update t set note = 'ü \"quoted\", \\ 1001' where id = 1001",
    )
    .await;
    let expected: Vec<RowHash> = here.into_iter().filter(|row| row.key == "(1001)").collect();
    assert_eq!(from.rows_of(&table("t"), &keys[..1]).await.unwrap(), expected);
}

#[tokio::test]
async fn a_row_that_is_there_twice_does_not_cancel_out() {
    let side = Side::new().await;
    with(&side, "create table one (v text); create table two (v text); insert into one values ('a'), ('a'); insert into two values ('b'), ('b')")
        .await;
    assert_ne!(digest(&side, "one").await, digest(&side, "two").await);
    assert_eq!(digest(&side, "one").await[&0].rows, 2);
    with(&side, "create table none (v text)").await;
    assert!(digest(&side, "none").await.is_empty());
}

#[tokio::test]
async fn names_that_invite_mistakes_are_hashed_whole() {
    let side = Side::new().await;
    with(
        &side,
        "create table \"q\" (\"q\" int primary key, \"Grüße \"\"x\"\"\" text, \"select\" text);
         create table \"k\" (c1 int, \"k\" text, one text, primary key (c1, \"k\"));
         insert into q values (1, 'a', 'b'); insert into k values (1, 'x,\"y\" \\', 'v'), (2, '', 'v')",
    )
    .await;
    let before = digest(&side, "q").await;
    with(&side, "update q set \"Grüße \"\"x\"\"\" = 'c'").await;
    assert_ne!(digest(&side, "q").await, before);
    let db = side.crossover().await;
    let all = db.rows_in(&table("k"), 1, &[0]).await.unwrap();
    assert_eq!(all.len(), 2);
    let keys: Vec<String> = all.iter().map(|row| row.key.clone()).collect();
    assert_eq!(db.rows_of(&table("k"), &keys).await.unwrap(), all);
}

#[tokio::test]
async fn keys_of_every_kind_find_their_row() {
    let side = Side::new().await;
    with(
        &side,
        "create type mood as enum ('good', 'bad'); create domain code as text;
         create table t (m mood, c code, at timestamptz, n numeric, b bytea, v text, primary key (m, c, at, n, b)) partition by list (m);
         create table t_good partition of t for values in ('good'); create table t_bad partition of t for values in ('bad');
         insert into t values ('good', 'x', now(), 1.50, '\\x01', 'v'), ('bad', '(y,)', now(), 1.5, '\\x5c', null)",
    )
    .await;
    let db = side.crossover().await;
    let all = db.rows_in(&table("t"), 4, &[0, 1, 2, 3]).await.unwrap();
    let keys: Vec<String> = all.iter().map(|row| row.key.clone()).collect();
    assert_eq!(
        (all.len(), db.rows_of(&table("t"), &keys).await.unwrap()),
        (2, all)
    );
    assert_eq!(db.digests(&table("t_good"), 1).await.unwrap()[&0].rows, 1);
}

#[tokio::test]
async fn rows_without_a_primary_key_are_their_own_key() {
    let side = Side::new().await;
    with(
        &side,
        "create table t (a int, b text); insert into t values (1, null), (2, 'x')",
    )
    .await;
    let db = side.crossover().await;
    let all = db.rows_in(&table("t"), 2, &[0, 1]).await.unwrap();
    assert_eq!(
        all.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(),
        ["(1,)", "(2,x)"]
    );
    assert_eq!(
        db.rows_of(&table("t"), &["(2,x)".to_owned()]).await.unwrap(),
        all[1..]
    );
}

#[tokio::test]
async fn what_cannot_be_compared_is_an_error() {
    let side = Side::new().await;
    with(
        &side,
        "create table t (id int primary key); insert into t values (1)",
    )
    .await;
    let db = side.crossover().await;
    assert!(matches!(
        db.digests(&table("t"), 3).await,
        Err(PortError::Refused { .. })
    ));
    assert!(matches!(
        db.digests(&table("nowhere"), 1).await,
        Err(PortError::Missing { .. })
    ));
    assert!(matches!(
        db.rows_of(&table("t"), &["1".to_owned()]).await,
        Err(PortError::Refused { .. })
    ));
    let hidden = TableName {
        schema: "pg_catalog".into(),
        name: "pg_authid".into(),
    };
    assert!(matches!(
        db.digests(&hidden, 1).await,
        Err(PortError::Refused { .. })
    ));
    side.owner("alter table shop.t enable row level security; alter table shop.t force row level security")
        .await;
    let error = db.digests(&table("t"), 1).await.unwrap_err().to_string();
    assert!(error.contains("row-level security"), "{error}");
}
