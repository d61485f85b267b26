//! A dump or a stream carries the text of a type's output function. A carried row is equal, whatever its
//! type.

use std::fmt::Write as _;

use crossover_core::rows::Hashing;
use crossover_stand::postgres::Major;
use crossover_verify::VerifyOptions;

use super::with;
use crate::pair::{Pair, named};

/// Texts such that every type that accepts text accepts at least one of them.
const TEXTS: &[&str] = &[
    "1",
    "a",
    "t",
    "10.0.0.1",
    "10.1.0.0/16",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><r/>",
    "<?xml version=\"1.1\" standalone=\"yes\"?><r/>",
    "(1,2)",
    "(1,2),(3,4)",
    "{1,2,3}",
    "<(1,2),3>",
    "((1,2),(3,4))",
    "[(1,2),(3,4)]",
    "2024-02-29",
    "12:34",
    "1 mon",
    "08:00:2b:01:02:03",
    "08:00:2b:01:02:03:04:05",
    "6f1e3a52-0c4b-4d7a-9b1e-2f3a4b5c6d7e",
    "{\"a\": 1.00}",
    "$.a",
    "\\x00ff",
    "1:1:",
    "16/B374D848",
    "postgres=r/postgres",
    "[1,2)",
    "[2024-01-01,2024-02-01)",
    "{[1,2),[3,4)}",
    "{[2024-01-01,2024-02-01)}",
    "pg_class",
    "abs(integer)",
    "int4in",
    "+(integer,integer)",
    "pg_catalog.||/",
    "english",
    "{}",
];

/// Types that accept no text: columns of these types contain no user data.
const UNTYPED: &[&str] = &[
    "gtsvector",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
];

const TYPES: &str = "select t.typname::text from pg_type t
    where t.typnamespace = 'pg_catalog'::regnamespace and t.typtype in ('b', 'r', 'm') and t.typname !~ '^pg_toast'
      and not exists (select from pg_type e where e.oid = t.typelem and e.typtype in ('c', 'p')) order by 1";

/// Fills a table for each type of the source, and returns the types with rows and those without.
async fn fill(pair: &Pair) -> (Vec<String>, Vec<String>) {
    let client = pair.source.connect().await.unwrap();
    let (mut carried, mut empty) = (Vec::new(), Vec::new());
    for row in client.query(TYPES, &[]).await.unwrap() {
        let sql_type: String = row.get(0);
        let table = format!("\"t_{sql_type}\"");
        client
            .batch_execute(&format!(
                "create table {table} (id int primary key, v pg_catalog.\"{sql_type}\")"
            ))
            .await
            .unwrap();
        let mut values = 0;
        for (id, text) in TEXTS.iter().enumerate() {
            let insert = format!(
                "insert into {table} values ({id}, '{}')",
                text.replace('\'', "''")
            );
            values += u32::from(client.batch_execute(&insert).await.is_ok());
        }
        if values == 0 {
            empty.push(sql_type);
        } else {
            carried.push(sql_type);
        }
    }
    (carried, empty)
}

/// Writes rows as `pg_dump --inserts` and a decoding stream do: the key and the text of the output function.
async fn carry(pair: &Pair, types: &[String]) {
    let client = pair.source.connect().await.unwrap();
    let mut sql = String::new();
    for sql_type in types {
        let table = format!("\"t_{sql_type}\"");
        let _ = writeln!(
            sql,
            "create table {table} (id int primary key, v pg_catalog.\"{sql_type}\");"
        );
        // The protocol itself returns the text of the output function.
        for message in client
            .simple_query(&format!("select id, v from {table}"))
            .await
            .unwrap()
        {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                let value = row.get(1).unwrap().replace('\'', "''");
                let id = row.get(0).unwrap();
                let _ = writeln!(sql, "insert into {table} values ({id}, '{value}');");
            }
        }
    }
    pair.target(&sql).await;
}

#[tokio::test]
async fn a_carried_row_is_equal_whatever_its_type() {
    for major in Major::all_here() {
        let pair = Pair::on(major, major).await;
        let (carried, empty) = fill(&pair).await;
        let unknown: Vec<&String> = empty.iter().filter(|t| !UNTYPED.contains(&t.as_str())).collect();
        assert!(unknown.is_empty(), "{major}: no text for {unknown:?}");
        carry(&pair, &carried).await;
        let all = [Hashing::TypedHash, Hashing::Md5, Hashing::Stream];
        let newest = Major::all_here().last() == Some(major);
        for hashing in all.into_iter().take(if newest { 3 } else { 1 }) {
            let mut options = with(hashing);
            options.selection.tables = carried.iter().map(|t| format!("public.t_{t}")).collect();
            let report = pair.compare(&options).await;
            assert_eq!(report.tables.len(), carried.len());
            let different: Vec<String> = report
                .tables
                .iter()
                .filter(|t| !t.equal)
                .map(|t| format!("{}: {:?}", t.name, named(t)))
                .collect();
            assert!(different.is_empty(), "{major} by {hashing:?}: {different:?}");
        }
    }
}

/// Every transport loses the declaration, so documents that differ only in it count as equal.
#[tokio::test]
async fn an_xml_declaration_that_no_dump_carries_is_no_difference_and_the_rest_of_the_document_is_one() {
    let pair = Pair::new().await;
    pair.source(
        "create table doc (id int primary key, x xml);
         insert into doc values (1, '<?xml version=\"1.0\" encoding=\"UTF-8\"?><r/>'), (2, '<?xml version=\"1.0\"?><r/>')",
    )
    .await;
    pair.target(
        "create table doc (id int primary key, x xml); insert into doc values (1, '<r/>'), (2, '<r></r>')",
    )
    .await;
    assert_eq!(
        named(&pair.table(&VerifyOptions::default()).await),
        ["2 different x"]
    );
}
