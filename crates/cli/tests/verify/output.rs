//! Content of the reports, and content they must not have.

use crossover_contracts::document::validate;

use crate::pair::{Pair, keys};

const SECRET: &str = "secret-of-a-row";

async fn drifted() -> Pair {
    let pair = Pair::new().await;
    pair.both(&format!(
        "create table t (id int primary key, note text); create table \"<script>u\" (id int primary key, note text); \
         insert into t select i, '{SECRET}-' || i from generate_series(1, 100) i; \
         insert into \"<script>u\" values (1, '{SECRET}'), (2, '{SECRET}'); analyze"
    ))
    .await;
    pair.target(&format!(
        "update t set note = '{SECRET}-<script>alert(1)</script>' where id between 10 and 60; delete from t where id = 90; \
         insert into \"<script>u\" values (777, '{SECRET}')"
    ))
    .await;
    pair
}

#[tokio::test]
async fn the_json_report_has_its_documented_keys() {
    let pair = drifted().await;
    let said = pair.verify(&["--json", "--recheck", "0"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    let report = said.json();
    validate("verify-report", &report).unwrap();
    assert_eq!(
        keys(&report),
        [
            "could_not_run",
            "elapsed_ms",
            "equal",
            "longest_snapshots",
            "not_compared",
            "notes",
            "primary_keys",
            "schema_differences",
            "sequences",
            "statistics",
            "tables"
        ]
    );
    let table = &report["tables"][1];
    assert_eq!(
        keys(table),
        [
            "differences",
            "different_rows",
            "elapsed_ms",
            "equal",
            "key",
            "method",
            "name",
            "rechecked",
            "rows_source",
            "rows_target",
            "truncated"
        ]
    );
    assert_eq!(
        (&table["name"], &table["rows_source"], &table["rows_target"]),
        (&"public.t".into(), &100.into(), &99.into())
    );
    let differences = table["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 52);
    assert_eq!(keys(&differences[0]), ["columns", "key", "kind"]);
    assert_eq!(
        differences[0],
        serde_json::json!({"key": {"id": "10"}, "kind": "different", "columns": ["note"]})
    );
}

#[tokio::test]
async fn values_of_rows_are_shown_only_on_request() {
    let pair = drifted().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    let arguments = ["--json", "--recheck", "0", "--html", file.to_str().unwrap()];
    let said = pair.verify(&arguments);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    for text in [
        &said.stdout,
        &said.stderr,
        &std::fs::read_to_string(&file).unwrap(),
    ] {
        assert!(!text.contains(SECRET), "{text}");
        assert!(text.contains("777"), "{text}");
    }
    let said = pair.verify(&[&arguments[..], &["--show-values"]].concat());
    for text in [
        &said.stdout,
        &said.stderr,
        &std::fs::read_to_string(&file).unwrap(),
    ] {
        assert!(text.contains(SECRET), "{text}");
    }
    assert_eq!(
        said.json()["tables"][1]["differences"][0]["source"]["note"],
        format!("{SECRET}-10")
    );
}

#[tokio::test]
async fn the_page_has_every_difference_and_escapes_values() {
    let pair = drifted().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    let said = pair.verify(&[
        "--show-values",
        "--recheck",
        "0",
        "--html",
        file.to_str().unwrap(),
    ]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    let page = std::fs::read_to_string(&file).unwrap();
    for id in (10..=60).chain([90, 777]) {
        assert!(page.contains(&format!("<code>{id}</code>")), "{id}");
    }
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("&lt;script&gt;u"));
    assert!(page.contains(pair.source.name()) && page.contains(pair.target.name()));
    assert!(!page.contains(pair.source.access().password()));
}

#[tokio::test]
async fn explained_sql_runs_and_changes_nothing() {
    let pair = drifted().await;
    let said = pair.verify(&["--explain-sql"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let client = pair.source.connect().await.unwrap();
    client
        .batch_execute("set default_transaction_read_only = on")
        .await
        .unwrap();
    client.batch_execute(&said.stdout).await.unwrap();
    let statements: Vec<&str> = said
        .stdout
        .lines()
        .filter(|line| line.starts_with("select"))
        .collect();
    assert_eq!(statements.len(), 2, "{}", said.stdout);
}

/// A name may hold anything, a line that looks like a verdict and commands for the terminal included.
#[tokio::test]
async fn no_name_writes_a_line_of_its_own() {
    let pair = Pair::new().await;
    let table = "t\nEQUAL\n\u{1b}[2J";
    pair.both(&format!(
        "create table \"{table}\" (\"id\nEQUAL\" int primary key, \"note\nEQUAL\" text);
         create table \"no\nEQUAL\nkey\" (id int); insert into \"{table}\" values (1, 'a')"
    ))
    .await;
    pair.source(&format!(
        "create table \"only\nEQUAL\nhere\" (id int primary key);
         alter table \"{table}\" add constraint \"c\nEQUAL\n\" check (true)"
    ))
    .await;
    pair.target(&format!("update \"{table}\" set \"note\nEQUAL\" = 'b'"))
        .await;
    for arguments in [
        &["--recheck", "0"][..],
        &["--recheck", "0", "--show-values", "--all"],
        &["--recheck", "0", "--quick"],
        &["--estimate"],
    ] {
        let said = pair.verify(arguments);
        for text in [&said.stderr, &said.stdout] {
            assert!(!text.lines().any(|line| line == "EQUAL"), "{arguments:?}: {text}");
            assert!(!text.contains('\u{1b}'), "{arguments:?}: {text:?}");
        }
        let named = format!("{}{}", said.stdout, said.stderr);
        assert!(named.contains("only\\nEQUAL\\nhere"), "{arguments:?}: {named}");
    }
}
