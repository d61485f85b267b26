//! Invalid input of a user, and the error messages. Cases that need no running server are tested in the crate
//! of the command.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use crate::{
    command::Running,
    setup::{alone, folder},
};

/// Whether psql is available to load dumps; a missing psql is reported in the test's output.
fn psql_is_installed() -> bool {
    let here = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("psql").is_file()));
    if !here {
        eprintln!("SKIPPED: psql is not in PATH, so no dump can be loaded");
    }
    here
}

fn dump(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

#[tokio::test]
async fn a_broken_dump_is_reported_with_the_error_of_psql_and_its_line() {
    if !psql_is_installed() {
        return;
    }
    let _alone = alone().await;
    let folder = folder("broken-dump");
    let file = dump(
        &folder,
        "broken.sql",
        "create table public.good (id bigint primary key);\n\ncreate tabel public.bad (id bigint);\n",
    );
    let ended = Running::rehearse(&folder, &["--dump", &file]).end();
    assert_eq!(ended.status.code(), Some(2), "{}", ended.errors);
    assert!(ended.errors.contains("broken.sql:3: ERROR:"), "{}", ended.errors);
    assert!(ended.errors.contains("\"tabel\""), "{}", ended.errors);
}

#[tokio::test]
async fn a_table_without_a_primary_key_stops_the_cutover_and_the_source_serves_on() {
    if !psql_is_installed() {
        return;
    }
    let _alone = alone().await;
    let folder = folder("no-primary-key");
    let file = dump(
        &folder,
        "keyless.sql",
        "create table public.visits (at timestamptz not null, path text);\n\
         insert into public.visits select now(), 'p' || i from generate_series(1, 100) i;\n\
         create table public.left_out (note text);
         insert into public.left_out values ('x');
         create table public.pages (id bigint primary key, path text);\n\
         insert into public.pages select i, 'p' || i from generate_series(1, 100) i;\n",
    );
    let ended = Running::rehearse(
        &folder,
        &["--dump", &file, "--exclude", "public.left_out", "--json"],
    )
    .end();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.errors);
    let report: Value = serde_json::from_str(&ended.output).unwrap();
    assert_eq!(report["outcome"], "aborted", "{}", ended.errors);
    let failure = report["failure"].as_str().unwrap_or_default();
    for words in ["PG11", "public.visits", "primary key"] {
        assert!(failure.contains(words), "{words} is not in {failure:?}");
    }
    for words in ["public.pages", "public.left_out"] {
        assert!(!failure.contains(words), "{words} is in {failure:?}");
    }
    // What lets the next run continue: the option, and the SQL that gives the table an identity.
    assert_eq!(
        report["exclude_option"], "--exclude public.left_out,public.visits",
        "{report}"
    );
    let sql = fs::read_to_string(folder.join("replica-identity.sql")).unwrap();
    assert!(
        sql.contains("public.visits") && !sql.contains("left_out"),
        "{sql}"
    );
    let tables = report["tables"].as_array().unwrap();
    assert!(
        tables.iter().all(|table| table["name"] != "public.left_out"),
        "{tables:?}"
    );
    let visits = tables
        .iter()
        .find(|table| table["name"] == "public.visits")
        .unwrap();
    assert!(
        visits["not_compared"].is_string() && visits["rows_source"].is_null(),
        "{visits}"
    );
    for counter in ["lost", "duplicated", "errors"] {
        assert_eq!(report["writes"][counter], 0, "{counter}: {}", report["writes"]);
    }
    assert!(report["writes"]["acknowledged"].as_u64().unwrap() > 0);
    assert_eq!(report["reads"]["errors"], 0);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let _alone = alone().await;
    let folder = folder("port-taken");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = Running::rehearse(&folder, &["--rows", "100", "--edge-port", &port]).end();
    assert_eq!(ended.status.code(), Some(2), "{}", ended.errors);
    assert!(
        ended.errors.contains(&format!("port {port}")) && ended.errors.contains("the Worker"),
        "{}",
        ended.errors
    );
}
