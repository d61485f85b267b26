//! Every kind of object is compared, or named as not compared. The servers' own catalogues say which there are.

mod planted;

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{
    catalogue::Definition,
    ports::{Catalogue, Rows},
    schema::compare,
};
use crossover_postgres::{
    SqlRemedies,
    kinds::{CATALOGUES, NAMED, STATEMENTS, Treatment},
};
use crossover_stand::postgres::Major;
use planted::PLANTED;

use crate::side::{Side, everything};

const ROLES: &str = "
    do $$ declare name text; begin
        foreach name in array array['kinds_app', 'kinds_other'] loop
            begin
                execute format('create role %I', name);
            exception when duplicate_object or unique_violation then null;
            end;
        end loop;
    end $$;
    create schema kinds;
";

/// One object of each kind that all versions know.
pub fn one_of_each() -> String {
    both(12)
}

fn both(version: u32) -> String {
    let there = PLANTED.iter().filter(|planted| planted.since <= version);
    let statements: Vec<&str> = there.map(|planted| planted.both).collect();
    format!("{ROLES};{}", statements.join(";\n"))
}

fn number(major: Major) -> u32 {
    major.to_string().parse().unwrap()
}

async fn definitions(side: &Side) -> Vec<Definition> {
    side.crossover().await.fingerprint(&everything()).await.unwrap()
}

/// `error, data, different: table shop.t`
fn told(source: &[Definition], target: &[Definition]) -> BTreeSet<String> {
    let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let differences = compare(source, target, &SqlRemedies).into_iter().map(|d| {
        assert!(!d.remedy.is_empty() && !d.detail.contains("hunter2"), "{d:?}");
        let [severity, breaks, kind] = [
            serde_json::to_value(d.severity),
            serde_json::to_value(d.breaks),
            serde_json::to_value(d.kind),
        ]
        .map(|value| word(value.unwrap()));
        format!("{severity}, {breaks}, {kind}: {}", d.object)
    });
    differences.collect()
}

/// Every planted difference is told, and nothing else.
async fn expect_each_told(from: Major, to: Major) {
    let version = number(from).min(number(to));
    let (source, target) = tokio::join!(Side::on(from), Side::on(to));
    for side in [&source, &target] {
        side.owner(&both(version)).await;
    }
    // what is not of these tests: the extension's version
    let of_extension = |text: &String| text.contains(": extension ");
    let before: Vec<String> = told(&definitions(&source).await, &definitions(&target).await)
        .into_iter()
        .filter(|text| !of_extension(text))
        .collect();
    assert_eq!(before, Vec::<String>::new(), "{from} and {to}");

    let database = source.crossover().await;
    let (tables, shapes) = (
        database.tables(&everything()).await,
        database.shapes(&everything()).await,
    );
    let read = [
        tables.unwrap().iter().any(|t| t.table.schema == "kinds_jobs"),
        shapes.unwrap().iter().any(|s| s.table.schema == "kinds_jobs"),
    ];
    assert_eq!(
        read,
        [true, true],
        "the rows of a user's table in an extension's schema"
    );

    let there: Vec<_> = PLANTED
        .iter()
        .filter(|planted| planted.since <= version)
        .collect();
    for planted in &there {
        target.owner(planted.target).await;
    }
    let mut seen = told(&definitions(&source).await, &definitions(&target).await);
    seen.retain(|text| !of_extension(text));
    let expected: BTreeSet<String> = there
        .iter()
        .flat_map(|planted| planted.told)
        .map(|&text| text.to_owned())
        .collect();
    let silent: Vec<_> = expected.difference(&seen).collect();
    let invented: Vec<_> = seen.difference(&expected).collect();
    assert!(
        silent.is_empty() && invented.is_empty(),
        "{from} and {to}: not told {silent:#?}, told {invented:#?}"
    );
}

#[tokio::test]
async fn a_difference_of_each_kind_is_told_between_15_and_15() {
    expect_each_told(Major::V15, Major::V15).await;
}

#[tokio::test]
async fn a_difference_of_each_kind_is_told_between_15_and_18() {
    expect_each_told(Major::V15, Major::V18).await;
}

#[tokio::test]
async fn a_difference_of_each_kind_is_told_between_18_and_18() {
    expect_each_told(Major::V18, Major::V18).await;
}

#[tokio::test]
async fn no_catalogue_and_no_column_of_one_is_passed_over() {
    let words: BTreeSet<&str> = STATEMENTS
        .iter()
        .flat_map(|sql| sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect();
    let treatments: BTreeMap<&str, Treatment> = CATALOGUES.iter().copied().collect();
    let mut existing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for major in [Major::V12, Major::V18] {
        let side = Side::on(major).await;
        let sql = "select c.relname::text, array_agg(a.attname::text)
                   from pg_class c
                   join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                   where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r'
                   group by c.relname
                   union all
                   select distinct d.classid::regclass::text, '{}'::text[] from pg_depend d where d.classid <> 0";
        for row in side.superuser().await.query(sql, &[]).await.unwrap() {
            let columns: Vec<String> = row.get(1);
            existing.entry(row.get(0)).or_default().extend(columns);
        }
    }
    let mut silent = Vec::new();
    for (catalogue, columns) in &existing {
        match treatments.get(catalogue.as_str()) {
            None => silent.push(catalogue.clone()),
            Some(Treatment::Compared(left_out)) => {
                let left_out: BTreeSet<&str> = left_out.iter().flat_map(|l| l.columns).copied().collect();
                let unread = columns.iter().filter(|column| {
                    *column != "oid"
                        && !words.contains(column.as_str())
                        && !left_out.contains(column.as_str())
                });
                silent.extend(unread.map(|column| format!("{catalogue}.{column}")));
                let gone = left_out.iter().filter(|column| !columns.contains(**column));
                silent.extend(gone.map(|column| format!("{catalogue}.{column}, which does not exist")));
            }
            Some(Treatment::Named(what)) => {
                assert!(
                    NAMED.iter().any(|(named, ..)| named == what),
                    "{catalogue}: {what}"
                );
            }
            Some(Treatment::Within(because) | Treatment::NotOfTheUser(because)) => {
                assert!(!because.is_empty());
            }
        }
    }
    assert!(
        silent.is_empty(),
        "neither compared nor named nor left out for a reason (crates/postgres/src/kinds.rs): {silent:#?}"
    );
    let gone: Vec<&&str> = treatments
        .keys()
        .filter(|name| !existing.contains_key(**name))
        .collect();
    assert!(gone.is_empty(), "no such catalogue: {gone:?}");
}

/// What a database has that is not compared, as `what: count [names]`.
async fn unjudged(side: &Side) -> Vec<String> {
    let all = side.crossover().await.not_compared(&everything()).await.unwrap();
    all.iter()
        .map(|u| {
            assert!(!u.reason.is_empty() && !u.remedy.is_empty(), "{u:?}");
            format!("{}: {} {:?}", u.what, u.count, u.named)
        })
        .collect()
}

#[tokio::test]
async fn what_is_not_compared_is_named_where_a_database_has_it() {
    let side = Side::on(Major::V14).await;
    assert_eq!(unjudged(&side).await, Vec::<String>::new());
    side.owner(ROLES).await;
    side.owner(
        "create materialized view kinds.totals as select 1; create materialized view kinds.empty as select 1 with no data;
         create foreign data wrapper kinds_wrapper; create server kinds_far foreign data wrapper kinds_wrapper;
         create foreign table kinds.\"a.way\" (a int) server kinds_far;
         create user mapping for kinds_app server kinds_far options (password 'hunter2');
         create extension pgcrypto schema kinds; create table kinds.settings (a int); alter extension pgcrypto add table kinds.settings;
         update pg_extension set extconfig = array['kinds.settings'::regclass::oid] where extname = 'pgcrypto';
         grant select on kinds.settings to kinds_app;
         select lo_create(990001), lo_create(990002);
         comment on table kinds.settings is 'of the extension'; comment on schema kinds is 'of the user';
         insert into pg_seclabel values ('kinds'::regnamespace, 'pg_namespace'::regclass, 0, 'sepgsql', 'x');
         create subscription kinds_feed connection 'dbname=none' publication p with (connect = false);
         do $$ begin execute format('grant connect on database %I to kinds_app', current_database()); end $$;"
    )
    .await;
    let superuser = side.superuser().await;
    let place = format!("create tablespace {} location ''", side.name);
    for statement in ["set allow_in_place_tablespaces = on", &place] {
        superuser.batch_execute(statement).await.unwrap();
    }
    side.owner(&format!(
        "create table kinds.apart (a int) tablespace {}",
        side.name
    ))
    .await;
    let seen = unjudged(&side).await;
    assert_eq!(
        seen,
        [
            "comments: 1 []",
            r#"contents of materialized views: 1 ["kinds.totals"]"#,
            r#"large objects: 2 ["990001"]"#,
            r#"options of user mappings, and secrets of foreign servers: 1 ["user mapping for kinds_app on kinds_far"]"#,
            r#"rights on objects of extensions: 1 ["kinds.settings"]"#,
            r#"rows of configuration tables of extensions: 1 ["kinds.settings"]"#,
            r#"rows of foreign tables: 1 ["kinds.\"a.way\""]"#,
            r#"security labels: 1 ["sepgsql"]"#,
            r#"subscriptions: 1 ["kinds_feed"]"#,
            r#"tablespaces of tables and indexes: 1 ["kinds.apart"]"#,
            r#"who may connect: 1 ["kinds_app"]"#,
        ]
    );
    let named: BTreeSet<&str> = seen.iter().filter_map(|text| text.split(": ").next()).collect();
    let all: BTreeSet<&str> = NAMED.iter().map(|(what, ..)| *what).collect();
    assert_eq!(named, all, "each is planted");
    side.owner("drop table kinds.apart").await;
    side.admin(&format!("drop tablespace {}", side.name)).await;
}

#[test]
fn the_documentation_names_what_is_not_compared() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../", "docs/verify.md");
    let text = std::fs::read_to_string(path).unwrap().replace('\n', " ");
    for (what, ..) in NAMED {
        assert!(text.contains(what), "docs/verify.md does not speak of {what}");
    }
}
