//! What the checks find, and the exit status that follows.

use crossover_stages::pre_check::catalogue;
use crossover_stand::postgres::{Major, TestServer};

use crate::migration::Migration;

const SOUND: &str =
    "create table orders (id int primary key, note text); create table items (id int primary key)";

#[tokio::test]
async fn sound_databases_are_not_blocked_and_what_needs_aws_has_not_passed() {
    let shop = Migration::new().await;
    shop.both(SOUND).await;
    let said = shop.check(&["--json"]);
    assert_eq!(said.status, Some(0), "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.starts_with("NOT BLOCKED"), "{}", said.stderr);
    let report = said.json();
    assert_eq!(report["verdict"], "not_blocked");
    assert_eq!(report["source"]["tables"], 2);
    assert_eq!(report["source"]["role"], shop.role("xo"));
    // The registry of the stage, completely and in its order.
    let ids: Vec<&str> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    let registered: Vec<&str> = catalogue().iter().map(|check| check.id()).collect();
    assert_eq!(ids, registered);
    for id in &ids {
        let check = said.check(id);
        if id.starts_with("DM") {
            assert_eq!(check["outcome"], "not_checked_here", "{check}");
            assert!(
                check["reason"].as_str().unwrap().contains("replication"),
                "{check}"
            );
        } else {
            assert_eq!(check["outcome"], "ran", "{check}");
        }
    }
}

/// One fault for each check that a database alone can fail.
#[tokio::test]
async fn every_fault_of_the_databases_is_found_and_blocks() {
    let server = TestServer::private(Major::V17, &[("wal_level", "replica")])
        .await
        .unwrap();
    let shop = Migration::to(&server).await;
    shop.both(SOUND).await;
    shop.both(
        "create function noted() returns trigger language plpgsql as 'begin return new; end'; \
         create trigger audit before insert on orders for each row execute function noted(); \
         alter table orders enable always trigger audit; \
         create table whole (a int); alter table whole replica identity full; \
         create table keyless (a int); create unlogged table fast (id int primary key); \
         create table hidden (id int primary key); alter table hidden enable row level security, force row level security",
    )
    .await;
    shop.target("alter table orders alter note type varchar(5)").await;
    let app = shop.role("app");
    shop.source(&format!(
        "reset role; create role {app} login; grant usage on schema shop to {app}; grant insert on orders to {app}"
    ))
    .await;
    shop.source("begin; insert into items values (7); prepare transaction 'late'")
        .await;
    let superuser = shop.source.connect().await.unwrap();
    let said = shop.check_as("xo", &["--json"]);
    // The creation of a slot in another test of this server would wait for it.
    superuser.batch_execute("rollback prepared 'late'").await.unwrap();
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(said.stderr.starts_with("BLOCKED: "), "{}", said.stderr);
    assert_eq!(said.json()["verdict"], "blocked");
    assert_eq!(
        said.found(),
        [
            "PG01", "PG06", "PG11", "PG12", "PG19", "PG26", "PG30", "PG35", "TG02", "TG03", "TG06"
        ]
    );
    // Whether the stream reads whole rows is a question to the replication: a warning, and no pass.
    let keys = said.check("PG11");
    let found: Vec<(&str, &str)> = keys["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["object"].as_str().unwrap(), f["severity"].as_str().unwrap()))
        .collect();
    assert_eq!(found.len(), 2, "{keys}");
    assert!(found.contains(&("shop.keyless", "blocks")), "{found:?}");
    assert!(found.contains(&("shop.whole", "warns")), "{found:?}");
    let text = said.stderr;
    for word in [
        "wal_level",
        "keyless",
        "late",
        &app,
        "remedy: ",
        "not checked here",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn warnings_alone_do_not_block() {
    let shop = Migration::new().await;
    shop.both(SOUND).await;
    shop.both("create table whole (a int); alter table whole replica identity full")
        .await;
    let said = shop.check(&["--json"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert_eq!(said.found(), ["PG11", "PG12"]);
}

/// The state of other roles' sessions is hidden from a role without pg_monitor.
#[tokio::test]
async fn a_check_that_could_not_run_ends_with_2_unless_another_one_blocks() {
    let shop = Migration::new().await;
    shop.both(SOUND).await;
    shop.both(&format!("reset role; revoke pg_monitor from {}", shop.role("xo")))
        .await;
    let _other = shop.source.connect().await.unwrap();
    let said = shop.check(&["--json"]);
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    assert!(said.stderr.starts_with("UNKNOWN"), "{}", said.stderr);
    let unknown = said.check("PG07");
    assert_eq!(unknown["outcome"], "could_not_run", "{unknown}");
    assert!(unknown["remedy"].as_str().unwrap().len() > 10, "{unknown}");
    let passed = said.stderr.lines().find(|line| line.contains("passed:")).unwrap();
    assert!(!passed.contains("PG07") && passed.contains("PG06"), "{passed}");
    shop.source("create unlogged table fast (id int primary key)")
        .await;
    let said = shop.check(&["--json"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert_eq!(said.check("PG07")["outcome"], "could_not_run");
}

#[tokio::test]
async fn the_scope_and_the_exempt_roles_are_those_of_a_plan() {
    let shop = Migration::new().await;
    shop.both(SOUND).await;
    shop.both("create unlogged table fast_1 (id int primary key); create unlogged table fast_2 (id int primary key)")
        .await;
    shop.both("create schema other; create table other.keyless (a int)")
        .await;
    let found = |arguments: &[&str]| shop.check(&[arguments, &["--json"]].concat()).found();
    assert_eq!(found(&[]), ["PG11", "PG19"]);
    assert_eq!(found(&["--schema", "shop"]), ["PG19"]);
    assert_eq!(found(&["--schema", "shop", "--exclude", "fast_*"]), [""; 0]);
    assert_eq!(
        found(&["--exclude", "shop.fast_1,shop.fast_2", "--exclude", "keyless"]),
        [""; 0]
    );

    let app = shop.role("app");
    shop.both(&format!(
        "reset role; create role {app} login; grant usage on schema shop to {app}; grant insert on shop.orders to {app}"
    ))
    .await;
    let schema = ["--schema", "shop", "--exclude", "fast_*"];
    assert_eq!(found(&schema), ["TG02"], "the role can log in on the target");
    assert_eq!(found(&[&schema[..], &["--exempt-role", &app]].concat()), [""; 0]);
}

#[tokio::test]
async fn a_superuser_is_told_that_the_result_is_worth_less() {
    let shop = Migration::new().await;
    shop.both(SOUND).await;
    let role = shop.role("xo");
    shop.target(&format!("reset role; alter role {role} superuser"))
        .await;
    let said = shop.check(&["--json"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let notes = said.json()["notes"].clone();
    assert_eq!(notes.as_array().unwrap().len(), 1, "{notes}");
    assert!(
        notes[0]
            .as_str()
            .unwrap()
            .starts_with(&format!("target: {role} is a superuser"))
    );
}
