//! Many small tables: several in one statement, and each judged for itself.

use crossover_core::catalogue::TableName;
use crossover_stand::postgres::{Major, TestServer};
use crossover_verify::{VerifyOptions, rows::Chunk};

use crate::pair::{Pair, named};

const TABLES: usize = 150;

async fn pair(server: &TestServer) -> Pair {
    let pair = Pair {
        source: server.fresh_database().await.unwrap(),
        target: server.fresh_database().await.unwrap(),
    };
    pair.both(&format!(
        "do $$ begin for i in 1..{TABLES} loop
             execute format('create table t%s (id int primary key, note text)', i);
             execute format('insert into t%s select g, ''n'' || g from generate_series(1, 20) g', i);
         end loop; end $$;
         create table empty (); create table grown (id int primary key);
         create table parent (id int primary key) partition by range (id); create table leaf partition of parent default;
         insert into parent values (1), (2)"
    ))
    .await;
    pair
}

/// Statements that hashed rows in the database.
async fn statements(pair: &Pair) -> i64 {
    let sql = "select coalesce(sum(calls), 0)::int8 from pg_stat_statements s join pg_database d on d.oid = s.dbid \
        where d.datname = current_database() and query like '%as sum from%'";
    let client = pair.source.connect().await.unwrap();
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn small_tables_are_compared_many_in_one_statement_and_each_for_itself() {
    let settings = [("shared_preload_libraries", "pg_stat_statements")];
    let server = TestServer::private(Major::V16, &settings).await.unwrap();
    let pair = pair(&server).await;
    pair.source("create extension pg_stat_statements").await;
    let report = pair.compare(&VerifyOptions::default()).await;
    assert!(report.is_equal(), "{report:?}");
    assert_eq!(report.tables.len(), TABLES + 3);
    assert!(report.tables.is_sorted_by_key(|table| table.table.clone()));
    for table in &report.tables {
        let rows = match table.name.as_str() {
            "public.empty" | "public.grown" => 0,
            "public.parent" => 2,
            _ => 20,
        };
        assert_eq!((table.rows_source, table.rows_target), (rows, rows), "{table:?}");
        assert!(Chunk::are_whole(&table.chunks), "{table:?}");
    }
    // Three for the small tables, one for the partitioned one.
    assert_eq!(statements(&pair).await, 4);

    // What differs, and what is large although the statistics do not say so, is compared alone.
    pair.target("update t7 set note = 'x' where id = 3; delete from t9 where id = 1")
        .await;
    pair.both("insert into grown select generate_series(1, 30000)")
        .await;
    let report = pair.compare(&VerifyOptions::default()).await;
    let different: Vec<(&TableName, Vec<String>)> = report
        .tables
        .iter()
        .filter(|table| !table.equal)
        .map(|table| (&table.table, named(table)))
        .collect();
    assert_eq!(different.len(), 2, "{different:?}");
    assert_eq!(different[0].1, ["3 different note"], "{different:?}");
    assert_eq!(different[1].1, ["1 missing"], "{different:?}");
    let grown = report
        .tables
        .iter()
        .find(|table| table.name == "public.grown")
        .unwrap();
    assert!(
        grown.chunks.len() > 1 && Chunk::are_whole(&grown.chunks),
        "{grown:?}"
    );
}

/// A statement over many tables fails for all of them if it fails for one.
#[tokio::test]
async fn one_table_that_cannot_be_read_does_not_hide_the_others() {
    let pair = Pair::new().await;
    let role = format!("reader_{}", pair.source.name());
    pair.both(
        "create table a (id int primary key); create table b (id int primary key); insert into a values (1)",
    )
    .await;
    pair.source(&format!(
        "create role {role} login password 'p'; grant select on a to {role}"
    ))
    .await;
    let source = crate::pair::as_role("source", &pair.source, &role, "p").await;
    let target = crate::pair::crossover("target", &pair.target).await;
    let sides = crate::pair::still(&source, &target);
    let report = crossover_verify::compare_rows(
        &sides,
        &crossover_core::plan::Scope::default(),
        &VerifyOptions::default(),
        &crossover_verify::Silent,
    )
    .await
    .unwrap();
    let equal: Vec<&str> = report.tables.iter().map(|t| t.name.as_str()).collect();
    let failed: Vec<&str> = report.could_not_run.iter().map(|t| t.name.as_str()).collect();
    assert_eq!((equal, failed), (vec!["public.a"], vec!["public.b"]));
}
