//! `crossover prepare`, and the check that asks for it.

use crossover_stand::postgres::{Database, Major, TestServer};
use serde_json::Value;

use crate::migration::{Migration, Said};

/// The schema with everything in it, and who may do what there.
const OWN: &str = "
    select coalesce(string_agg(line, e'\\n' order by line), 'nothing') from (
        select format('schema %s %s', pg_get_userbyid(nspowner), nspacl) as line from pg_namespace where nspname = 'crossover'
        union all
        select format('%s %s %s', relname, pg_get_userbyid(relowner), relacl) from pg_class
        where relnamespace = to_regnamespace('crossover')
    ) own";

async fn own(database: &Database) -> String {
    let client = database.connect().await.unwrap();
    client.query_one(OWN, &[]).await.unwrap().get(0)
}

async fn both(shop: &Migration) -> [String; 2] {
    [own(&shop.source).await, own(&shop.target).await]
}

async fn unprepared() -> Migration {
    let shop = Migration::unprepared(TestServer::shared(Major::V17).await.unwrap()).await;
    shop.both("create table orders (id int primary key)").await;
    shop
}

/// The states of the source and of the target.
fn states(said: &Said) -> Vec<String> {
    let sides = said.json();
    let state = |side: &Value| side["state"].as_str().unwrap().to_owned();
    sides.as_array().unwrap().iter().map(state).collect()
}

fn objects(check: &Value) -> Vec<&str> {
    let findings = check["findings"].as_array().unwrap();
    findings.iter().map(|f| f["object"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_the_check_misses_is_prepared_once_and_a_dry_run_only_prints_it() {
    let shop = unprepared().await;
    let missed = shop.check(&["--json"]);
    assert_eq!(
        (missed.status, missed.found()),
        (Some(1), vec!["PG38".to_owned()])
    );
    let check = missed.check("PG38");
    assert_eq!(
        objects(&check),
        [
            "source: crossover.catch_up_marker",
            "target: crossover.catch_up_marker"
        ]
    );
    assert!(
        check["findings"][0]["remedy"]
            .as_str()
            .unwrap()
            .contains("crossover prepare")
    );

    let planned = shop.prepare(&["--dry-run"]);
    assert_eq!(planned.status, Some(0), "{}", planned.stderr);
    assert_eq!(
        planned
            .stdout
            .matches("create table if not exists crossover.catch_up_marker")
            .count(),
        2
    );
    assert_eq!(both(&shop).await, ["nothing", "nothing"]);

    let prepared = shop.prepare(&["--json"]);
    assert_eq!(prepared.status, Some(0), "{}{}", prepared.stdout, prepared.stderr);
    assert_eq!(states(&prepared), ["prepared", "prepared"]);
    let found = shop.check(&["--json"]);
    assert_eq!(found.found(), Vec::<String>::new(), "{}", found.stdout);

    let before = both(&shop).await;
    assert!(
        before[0].contains("catch_up_marker") && before[0].contains("access_snapshot"),
        "{before:?}"
    );
    assert_eq!(states(&shop.prepare(&["--json"])), ["complete", "complete"]);
    assert!(shop.prepare(&["--dry-run"]).stdout.contains("nothing is missing"));
    assert_eq!(both(&shop).await, before);
}

/// The SQL of the dry run, which a person may run instead, does the same.
#[tokio::test]
async fn what_a_dry_run_prints_is_what_a_run_executes() {
    let shop = unprepared().await;
    let planned = shop.prepare(&["--dry-run", "--json"]).json();
    shop.source(planned[0]["sql"].as_str().unwrap()).await;
    assert_eq!(states(&shop.prepare(&["--json"])), ["complete", "prepared"]);
    let [source, target] = both(&shop).await;
    assert_eq!(source, target);
}

#[tokio::test]
async fn a_replication_user_that_came_later_is_missed_and_gets_its_rights() {
    let shop = unprepared().await;
    let (carrier, watcher) = (shop.role("carrier"), shop.role("watcher"));
    let exempt = format!("{carrier},{watcher}");
    let exempt = ["--exempt-role", exempt.as_str()];
    assert_eq!(shop.prepare(&[]).status, Some(0));
    shop.both(&format!(
        "reset role; create role {carrier} login replication password 'x'; create role {watcher} login password 'x'"
    ))
    .await;
    let missed = shop.check_as("xo", &[&exempt[..], &["--json"]].concat());
    let check = missed.check("PG38");
    assert_eq!(objects(&check).len(), 2, "{check}");
    let message = check["findings"][0]["message"].as_str().unwrap();
    assert!(
        message.contains(&carrier) && message.contains("usage on the schema, select, insert"),
        "{check}"
    );

    assert_eq!(shop.prepare(&exempt).status, Some(0));
    let found = shop.check_as("xo", &[&exempt[..], &["--json"]].concat());
    assert_eq!(objects(&found.check("PG38")), Vec::<&str>::new());
    shop.source(&format!(
        "reset role; set role {carrier}; insert into crossover.catch_up_marker values ('r', 'n', now(), '0/0'); \
         update crossover.catch_up_marker set position = '0/1'; create table crossover.heartbeat (at timestamptz)"
    ))
    .await;
}

#[tokio::test]
async fn a_table_of_another_form_or_owner_is_not_changed_and_the_remedy_works() {
    let shop = unprepared().await;
    let other = shop.role("other");
    shop.both(&format!(
        "reset role; create role {other} login password 'x'; create schema crossover authorization {other}"
    ))
    .await;
    shop.source("reset role; create table crossover.catch_up_marker (run_id text, nonce text)")
        .await;
    let before = own(&shop.source).await;
    let refused = shop.prepare(&["--json"]);
    assert_eq!(refused.status, Some(1), "{}", refused.stderr);
    assert_eq!(states(&refused), ["failed", "failed"]);
    let refused = refused.json();
    for side in refused.as_array().unwrap() {
        let error = side["error"].as_str().unwrap();
        assert!(
            error.contains("permission denied") && error.contains("alter schema crossover owner to"),
            "{error}"
        );
    }
    assert_eq!(own(&shop.source).await, before);

    let own_role = shop.role("xo");
    shop.both(&format!("reset role; alter schema crossover owner to {own_role}"))
        .await;
    shop.source(&format!(
        "reset role; alter table crossover.catch_up_marker owner to {own_role}"
    ))
    .await;
    let form = shop.prepare(&["--json"]);
    assert_eq!(states(&form), ["failed", "prepared"], "{}", form.stdout);
    let form = form.json();
    let messages: Vec<&str> = form[0]["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lack| lack["message"].as_str().unwrap())
        .collect();
    assert!(
        messages.len() == 2 && messages[0].contains("nonce text, run_id text"),
        "{messages:?}"
    );
    assert!(form[0]["missing"][0]["remedy"].as_str().unwrap().contains("drop"));

    shop.source("drop table crossover.catch_up_marker").await;
    assert_eq!(states(&shop.prepare(&["--json"])), ["prepared", "complete"]);
}

#[tokio::test]
async fn each_defect_of_the_marker_table_is_found() {
    let shop = Migration::new().await;
    shop.both("create table orders (id int primary key)").await;
    for (defect, cure, word) in [
        (
            "alter table crossover.catch_up_marker set unlogged",
            "alter table crossover.catch_up_marker set logged",
            "unlogged",
        ),
        (
            "alter table crossover.catch_up_marker drop constraint catch_up_marker_pkey",
            "alter table crossover.catch_up_marker add constraint catch_up_marker_pkey primary key (run_id, nonce)",
            "primary key",
        ),
        (
            "alter table crossover.catch_up_marker add column tenant int not null",
            "alter table crossover.catch_up_marker drop column tenant",
            "tenant integer not null",
        ),
        (
            "reset role; alter table crossover.access_snapshot owner to current_user",
            "reset role; alter table crossover.access_snapshot owner to $own$",
            "cannot record a lock",
        ),
    ] {
        shop.target(defect).await;
        let check = shop.check(&["--json"]).check("PG38");
        assert_eq!(objects(&check).len(), 1, "{defect}: {check}");
        let message = check["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains(word), "{defect}: {message}");
        shop.target(&cure.replace("$own$", &shop.role("xo"))).await;
        let cured = shop.check(&["--json"]).check("PG38");
        assert_eq!(objects(&cured), Vec::<&str>::new(), "{cure}");
    }
}
