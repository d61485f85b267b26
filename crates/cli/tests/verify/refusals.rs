//! Databases and tables that cannot be compared: status 2, with name and remedy, and never a password.

use tokio::net::TcpSocket;

use crate::pair::{Pair, command, said};

#[tokio::test]
async fn all_unknown_tables_are_named() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    let unknown = pair.verify(&["--tables", "t,no_such", "--exclude", "nor_this"]);
    assert_eq!(unknown.status, Some(2));
    for name in ["no_such", "nor_this"] {
        assert!(unknown.stderr.contains(name), "{}", unknown.stderr);
    }
}

/// A role that may read table `a` of the source and no other.
#[tokio::test]
async fn a_table_without_permission_ends_with_2_unless_another_one_differs() {
    let pair = Pair::new().await;
    pair.both("create table a (id int primary key, v text); create table b (id int primary key); insert into a values (1, 'x')")
        .await;
    let role = format!("reader_{}", pair.source.name());
    let password = "hunter2-of-the-test";
    pair.source(&format!(
        "create role {role} login password '{password}'; grant select on a to {role}"
    ))
    .await;
    let source = format!(
        "postgresql://{role}:{password}@127.0.0.1:{}/{}",
        pair.source.access().port(),
        pair.source.name()
    );
    let arguments = ["--json", "--rows-only", "--recheck", "0"];
    let compare = || said(&command(&source, &pair.target.url(), &arguments).output().unwrap());
    let unproven = compare();
    assert_eq!(unproven.status, Some(2), "{}", unproven.stderr);
    assert!(unproven.stderr.starts_with("NOT PROVEN"), "{}", unproven.stderr);
    pair.target("update a set v = 'y'").await;
    let said = compare();
    assert_eq!(said.status, Some(1), "a difference is proven: {}", said.stderr);
    assert!(said.stderr.contains("DIFFERENT"), "{}", said.stderr);
    assert!(!said.stdout.contains(password) && !said.stderr.contains(password));
    let report = said.json();
    let failed = report["could_not_run"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["name"], "public.b");
    assert!(
        failed[0]["reason"]
            .as_str()
            .unwrap()
            .contains("permission denied")
    );
    assert!(failed[0]["remedy"].as_str().unwrap().contains("SELECT"));
    assert_eq!(report["tables"][0]["name"], "public.a");
    assert_eq!(report["tables"][0]["differences"][0]["key"]["id"], "1");
    assert_eq!(report["equal"], false);
}

#[tokio::test]
async fn a_column_that_only_one_side_has_is_a_difference_though_its_rows_cannot_be_compared() {
    let pair = Pair::new().await;
    pair.both("create table a (id int primary key); create table b (id int primary key)")
        .await;
    pair.target("alter table a add extra int").await;
    let said = pair.verify(&["--json"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("DIFFERENT"), "{}", said.stderr);
    let report = said.json();
    assert_eq!(report["could_not_run"][0]["name"], "public.a");
    assert_eq!(report["schema_differences"][0]["object"], "column public.a.extra");
    assert_eq!(report["equal"], false);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let pair = Pair::new().await;
    // Bound but not listening: no other process gets the port, and connections are refused.
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = held.local_addr().unwrap().port();
    let password = "hunter2-of-the-test";
    let away = format!("postgresql://app:{password}@127.0.0.1:{port}/shop");
    let output = command(&pair.source.url(), &away, &["--retry-timeout", "0"])
        .output()
        .unwrap();
    let said = said(&output);
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    assert!(
        said.stderr.contains("target") && said.stderr.contains(&format!("127.0.0.1:{port}")),
        "{}",
        said.stderr
    );
    for secret in [password, pair.source.access().password()] {
        assert!(!said.stderr.contains(secret) && !said.stdout.contains(secret));
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_written_is_reported_before_anything_is_compared() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    let said = pair.verify(&["--html", "/no-such-folder/page.html", "--json"]);
    assert_eq!(said.status, Some(2));
    assert!(
        said.stderr
            .contains("cannot write the page /no-such-folder/page.html"),
        "{}",
        said.stderr
    );
    assert_eq!(said.stdout, "", "the databases were compared nevertheless");
}

#[tokio::test]
async fn a_database_is_not_compared_with_itself() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    // By another name of the same server.
    let again = pair.source.url().replace("127.0.0.1", "localhost");
    let said = said(&command(&pair.source.url(), &again, &[]).output().unwrap());
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("the same database"), "{}", said.stderr);
}

#[tokio::test]
async fn an_empty_comparison_proves_nothing() {
    let pair = Pair::new().await;
    let empty = pair.verify(&[]);
    assert_eq!(empty.status, Some(2), "{}", empty.stderr);
    assert!(empty.stderr.contains("no table was compared"), "{}", empty.stderr);
    pair.both("create table t (id int primary key)").await;
    assert_eq!(pair.verify(&["--exclude", "t*"]).status, Some(2));
    assert_eq!(pair.verify(&[]).status, Some(0));
}

#[tokio::test]
async fn the_schema_of_excluded_tables_is_not_judged_either() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    pair.source("create table alone (id int); create table other (id int, n int)")
        .await;
    pair.target("create table other (id int, n text)").await;
    assert_eq!(pair.verify(&[]).status, Some(1));
    let without = pair.verify(&["--exclude", "alone,other"]);
    assert_eq!(without.status, Some(0), "{}", without.stderr);
    let only = pair.verify(&["--tables", "t"]);
    assert_eq!(only.status, Some(0), "{}", only.stderr);
}

#[tokio::test]
async fn a_closed_standard_output_causes_no_panic() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    for arguments in [&["--json"][..], &["--estimate"], &["--explain-sql"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = pair.command(arguments).stdout(full).output().unwrap();
        let said = said(&output);
        assert_eq!(said.status, Some(2), "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains("standard output"), "{}", said.stderr);
    }
}

#[tokio::test]
async fn the_remedy_fits_the_refusal() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    for (condition, remedy) in [
        ("id >", "correct --where"),
        ("", "correct --where"),
        ("true; select 1", "correct --where"),
        ("1 = 1) or (1 = 1", "correct --where"),
        ("1", "correct --where"),
        ("nonexistent = 1", "columns in --where"),
    ] {
        let said = pair.verify(&["--where", condition]);
        assert_eq!(said.status, Some(2), "{}", said.stderr);
        assert!(said.stderr.contains(remedy), "{}", said.stderr);
    }
    for good in ["id > 0 -- and no more", "q.id in (1, 2) or ')' = '('", "true"] {
        let said = pair.verify(&["--where", good]);
        assert_eq!(said.status, Some(0), "{}", said.stderr);
    }
}

#[tokio::test]
async fn a_catalogue_that_is_not_read_in_time_leaves_the_result_open_and_names_the_option() {
    let pair = Pair::new().await;
    pair.both(
        "create table t (id int primary key); create table other (id int primary key);
         create materialized view m as select 1 as id; create view v as select id from m",
    )
    .await;
    let holder = pair.target.connect().await.unwrap();
    let arguments = ["--tables", "t", "--catalogue-timeout", "1", "--json"];
    // The definition of the view cannot be printed while its materialized view is locked.
    holder
        .batch_execute("begin; alter materialized view m rename to n")
        .await
        .unwrap();
    let schema = pair.verify(&arguments);
    assert_eq!(schema.status, Some(2), "{}", schema.stderr);
    let report = schema.json();
    let failed = report["could_not_run"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["name"], "schema");
    let remedy = failed[0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("--catalogue-timeout"), "{remedy}");
    assert_eq!(
        report["tables"][0]["equal"], true,
        "the rows were compared: {report}"
    );
    // Nor can the size of a locked table be read, without which no table is compared.
    holder
        .batch_execute("rollback; begin; lock table other in access exclusive mode")
        .await
        .unwrap();
    let nothing = pair.verify(&arguments);
    assert_eq!(nothing.status, Some(2), "{}", nothing.stderr);
    assert!(
        nothing.stderr.contains("--catalogue-timeout"),
        "{}",
        nothing.stderr
    );
}
