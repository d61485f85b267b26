//! Tables and rows that are not repaired, and the reasons.

use crossover_core::{plan::Scope, routing::Side};
use crossover_verify::{
    Cause, Sides,
    repair::{RepairError, plan},
};

use super::{Desk, outcomes, value};
use crate::pair::{Pair, as_role, crossover};

#[tokio::test]
async fn tables_that_cannot_be_repaired_are_named_and_the_others_are_repaired() {
    let pair = Pair::new().await;
    pair.both(
        "create table a_keyless (a int); create table b_many (id int primary key); create table c_fine (id int primary key)",
    )
    .await;
    pair.source("insert into a_keyless values (1); insert into b_many values (1), (2), (3); insert into c_fine values (1); create table d_missing ()")
        .await;
    let mut desk = Desk::at(&pair).await;
    desk.options.rows.max_reported = 2;
    let plan = desk.plan().await;
    let refused: Vec<(&str, &str)> = plan
        .refused
        .iter()
        .map(|r| (r.name.as_str(), r.reason.as_str()))
        .collect();
    assert_eq!(
        refused,
        [
            (
                "public.a_keyless",
                "it has no key that both sides have, so its rows cannot be identified"
            ),
            ("public.b_many", "more of its rows differ than were reported (2)"),
            ("public.d_missing", "the target has no such table"),
        ]
    );
    assert!(plan.refused[0].remedy.contains("add a primary key"));
    assert!(matches!(plan.refused[1].cause, Cause::MoreThanReported { .. }));
    let report = desk.apply(&plan).await;
    assert_eq!(outcomes(&report), ["public.c_fine 1 repaired"]);
    let rows = value(
        &pair.target,
        "select ((select count(*) from a_keyless) + (select count(*) from b_many))::text",
    );
    assert_eq!(rows.await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_table_the_role_may_not_write_is_named() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    pair.source("insert into t values (1)").await;
    let role = format!("reader_{}", pair.target.name());
    pair.target(&format!(
        "create role {role} login password 'plain'; grant select, insert, update on t to {role}"
    ))
    .await;
    let desk = Desk::over(
        crossover("source", &pair.source).await,
        as_role("target", &pair.target, &role, "plain").await,
    );
    let plan = desk.plan().await;
    assert_eq!(plan.rows(), 0);
    assert_eq!(plan.refused[0].reason, "the role may not write it on the target");
}

#[tokio::test]
async fn a_row_that_would_get_other_values_is_not_written() {
    let pair = Pair::new().await;
    pair.source("create table t (id int primary key, a text, b int generated always as (id * 2) stored); insert into t values (1, 'abc'), (2, 'abcdef'), (3, 'x')")
        .await;
    pair.target("create table t (id int primary key, a varchar(3), b int generated always as (id * case id when 3 then 5 else 2 end) stored); insert into t values (2, 'abc'), (3, 'x')")
        .await;
    let desk = Desk::at(&pair).await;
    let report = desk.apply(&desk.plan().await).await;
    assert_eq!(
        outcomes(&report),
        [
            "public.t 1 repaired",
            "public.t 2 columns a come out with other values on the target: compare their types, generation and triggers on both sides",
            "public.t 3 only generated columns differ (b): their definitions are not the same on both sides",
        ]
    );
    assert_eq!(
        value(&pair.target, "select a from t where id = 2")
            .await
            .as_deref(),
        Some("abc")
    );
}

#[tokio::test]
async fn a_target_the_application_writes_to_is_not_repaired() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key)").await;
    let desk = Desk::at(&pair).await;
    let report = desk.verify().await;
    let sides = Sides {
        writer: Side::Target,
        ..desk.sides()
    };
    let refused = plan(&sides, &desk.target, &Scope::default(), &desk.options, &report).await;
    assert!(matches!(refused, Err(RepairError::TargetIsWriter)));
}
