//! The text of schema differences: one planted difference for each kind of object.

mod constraints;
mod grants;
mod routines;
mod tables;
mod triggers;

use crossover_core::{
    catalogue::Definition,
    ports::Catalogue,
    routing,
    schema::{DifferenceKind, SchemaDifference, SequenceOrder, Severity, beyond_rows, compare},
};
use crossover_postgres::SqlRemedies;
use crossover_stand::postgres::Major;

use crate::{
    fingerprint::SHOP,
    side::{Side, everything},
};

use DifferenceKind::{Different, ExtraOnTarget, MissingOnTarget};
use Severity::{Error, Warning};

/// A change on the target, the kind and weight of the difference, and its text after the object's name.
struct Planted<'a> {
    change: &'a str,
    kind: DifferenceKind,
    severity: Severity,
    object: &'a str,
    reads: &'a str,
}

const fn planted<'a>(
    change: &'a str,
    kind: DifferenceKind,
    severity: Severity,
    object: &'a str,
    reads: &'a str,
) -> Planted<'a> {
    Planted {
        change,
        kind,
        severity,
        object,
        reads,
    }
}

async fn fingerprint(side: &Side) -> Vec<Definition> {
    side.crossover().await.fingerprint(&everything()).await.unwrap()
}

/// Makes the changes one after the other and expects each to be reported, as the only difference of its kind
/// and weight.
async fn expect_reported(side: &Side, changes: &[Planted<'_>]) {
    let mut before = fingerprint(side).await;
    for planted in changes {
        side.owner(planted.change).await;
        let after = fingerprint(side).await;
        let seen = compare(&before, &after, &SqlRemedies);
        let expected = format!("{}: {}", planted.object, planted.reads);
        let found: Option<&SchemaDifference> = seen
            .iter()
            .find(|d| d.object == planted.object && d.kind == planted.kind && d.severity == planted.severity);
        assert_eq!(
            found.map(|d| d.detail.as_str()),
            Some(expected.as_str()),
            "{}: {seen:#?}",
            planted.change
        );
        assert!(found.is_some_and(|d| !d.remedy.is_empty()));
        before = after;
    }
}

#[tokio::test]
async fn the_databases_encoding_and_locale_are_compared() {
    let (source, target) = (Side::new().await, Side::new().await);
    let other = format!("{}_other", target.name);
    target
        .admin(&format!(
            "create database {other} owner {} template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'",
            target.own()
        ))
        .await;
    let ours = fingerprint(&source).await;
    let theirs = target
        .in_database(&other)
        .await
        .fingerprint(&everything())
        .await
        .unwrap();
    let seen = compare(&ours, &theirs, &SqlRemedies);
    let database = seen.iter().find(|d| d.object == "database").unwrap();
    assert_eq!((database.severity, database.kind), (Error, Different));
    assert!(
        database
            .detail
            .starts_with("database: encoding UTF8 on the source, LATIN1 on the target"),
        "{database:?}"
    );
    assert!(
        database.remedy.contains("create the target's database again"),
        "{database:?}"
    );
}

#[tokio::test]
async fn objects_of_dms_in_a_source_are_left_out() {
    let side = Side::new().await;
    let before = fingerprint(&side).await;
    side.owner(
        "create function shop.awsdms_intercept_ddl() returns event_trigger language plpgsql as 'begin end';
         create event trigger awsdms_intercept_ddl on ddl_command_end execute function shop.awsdms_intercept_ddl()",
    )
    .await;
    assert_eq!(fingerprint(&side).await, before);
}

#[tokio::test]
async fn schema_sequences_and_statistics_are_compared_together() {
    let (source, target) = tokio::join!(Side::on(Major::V16), Side::on(Major::V17));
    for side in [&source, &target] {
        side.owner(&format!(
            "create table shop.orders (id bigint generated always as identity primary key, total numeric(12,2));
             create table shop.log (entry text);
             grant select on all tables in schema shop to {own}; grant select on all sequences in schema shop to {own}",
            own = side.own()
        ))
        .await;
    }
    let (ours, theirs) = (source.crossover().await, target.crossover().await);
    let level = beyond_rows(&ours, &theirs, &everything(), routing::Side::Source)
        .await
        .unwrap();
    assert_eq!(level.count(Error), 0, "{level:#?}");
    assert_eq!(level.fingerprint_source, level.fingerprint_target);
    assert_eq!(level.primary_keys.len(), 1);
    assert_eq!(level.sequences[0].order, SequenceOrder::Level);
    source
        .owner("insert into shop.orders (total) select 1 from generate_series(1, 20)")
        .await;
    target
        .owner("alter table shop.orders alter total type numeric(10,2)")
        .await;
    let apart = beyond_rows(&ours, &theirs, &everything(), routing::Side::Source)
        .await
        .unwrap();
    assert_eq!(apart.count(Error), 1, "{apart:#?}");
    assert_eq!(
        apart.schema_differences[0].detail,
        "column shop.orders.total: type numeric(12,2) on the source, numeric(10,2) on the target"
    );
    assert_ne!(apart.fingerprint_source, apart.fingerprint_target);
    assert_eq!(
        (
            apart.sequences[0].order,
            apart.sequences[0].source,
            apart.sequences[0].target
        ),
        (SequenceOrder::Behind, Some(20), None)
    );
    let json = serde_json::to_value(&apart).unwrap();
    assert_eq!(json["schema_differences"][0]["kind"], "different");
    assert_eq!(json["schema_differences"][0]["severity"], "error");
}
