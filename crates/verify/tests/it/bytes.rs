//! Databases without an encoding: their texts are bytes.

use crossover_core::{plan::Scope, rows::Shown};
use crossover_stand::postgres::Major;
use crossover_verify::{Silent, VerifyOptions, compare_rows};

use crate::{
    pair::{Pair, database, named, still},
    repair::Desk,
};

const TABLES: &str = "create table t (id int primary key, note text);
    create table keyed (id text collate \"C\" primary key); create table keyless (note text); create table same (id text primary key);
    insert into t values (1, convert_from('\\xBYTE', 'SQL_ASCII')), (2, 'ä'), (3, repeat(convert_from('\\xBYTE', 'SQL_ASCII'), 2000));
    insert into keyed values (convert_from('\\xBYTE', 'SQL_ASCII')); insert into keyless values (convert_from('\\xBYTE', 'SQL_ASCII'));
    insert into same values (convert_from('\\xff', 'SQL_ASCII'))";

#[tokio::test]
async fn bytes_that_are_no_text_are_compared_and_shown() {
    let pair = Pair::on(Major::V16, Major::V17).await;
    let name = format!("ascii_{}", pair.source.name());
    pair.both(&format!(
        "create database {name} encoding 'SQL_ASCII' locale 'C' template template0"
    ))
    .await;
    for (side, byte) in [(&pair.source, "41ff"), (&pair.target, "41fe")] {
        let (client, connection) = side
            .access()
            .config(&name)
            .connect(tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client.batch_execute(&TABLES.replace("BYTE", byte)).await.unwrap();
    }
    let source = database("source", pair.source.access(), &name).await;
    let target = database("target", pair.target.access(), &name).await;
    let mut options = VerifyOptions::default();
    options.rows.values = true;
    let report = compare_rows(&still(&source, &target), &Scope::default(), &options, &Silent)
        .await
        .unwrap();
    assert!(report.could_not_run.is_empty(), "{:?}", report.could_not_run);
    let table = |name: &str| report.tables.iter().find(|table| table.name == name).unwrap();
    let t = table("public.t");
    assert_eq!(named(t), ["1 different note", "3 different note"]);
    let note = |row: usize| {
        t.differences[row].source.as_ref().unwrap()["note"]
            .clone()
            .unwrap()
    };
    assert_eq!(note(0), Shown::Whole("\\x41ff".into()));
    assert!(
        matches!(note(1), Shown::Long { bytes: 4_000, .. }),
        "{:?}",
        note(1)
    );
    assert_eq!(
        named(table("public.keyless")),
        ["\\x41fe extra", "\\x41ff missing"]
    );
    // A key that is no text is not named; that the rows differ is known.
    let keyed = table("public.keyed");
    assert!(
        !keyed.equal && keyed.truncated && keyed.different_rows == 1,
        "{keyed:?}"
    );
    assert!(table("public.same").equal);
    let desk = Desk::over(source, target);
    let plan = desk.plan().await;
    let unrepairable: Vec<&str> = plan
        .tables
        .iter()
        .flat_map(|t| &t.unrepairable)
        .map(|(_, why)| why.as_str())
        .collect();
    assert_eq!(plan.rows(), 0);
    assert!(
        unrepairable.len() == 2 && unrepairable.iter().all(|why| why.contains("no text")),
        "{unrepairable:?}"
    );
    drop(desk);
    pair.both(&format!("drop database {name} with (force)")).await;
}
