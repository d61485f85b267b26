//! Remedies, as they are printed: the statement in them is run, and the finding is gone.

use crossover_core::{
    ports::Catalogue,
    routing,
    schema::{SequenceOrder, Severity, positions, without_key},
};
use crossover_postgres::SqlRemedies;
use crossover_stand::postgres::Major;

use crate::side::{Side, everything};

/// The first statement of a remedy, with the names that the operator puts in.
fn statement(remedy: &str, table: &str, index: &str) -> String {
    let from = remedy
        .find("alter table ...")
        .unwrap_or_else(|| panic!("{remedy}"));
    let ends = [" on both sides", " (", ", or", ";"];
    let end = ends.iter().filter_map(|end| remedy[from..].find(end)).min();
    remedy[from..end.map_or(remedy.len(), |end| from + end)]
        .replacen("...", table, 1)
        .replace("using index ...", &format!("using index {index}"))
        .replace("using another index", &format!("using index {index}"))
        .replace("add primary key", "add primary key (id)")
}

#[tokio::test]
async fn each_remedy_for_a_missing_key_removes_its_finding() {
    for major in [Major::V12, Major::V18] {
        let side = Side::on(major).await;
        side.owner(
            "create table shop.bare (id int);
             create table shop.gone (id int primary key, other int not null unique);
             create table shop.late (id int primary key deferrable, other int not null unique);
             create table shop.mute (id int primary key);
             create table shop.unchosen (id int, other int not null unique);
             create table shop.whole (id int);
             alter table shop.gone replica identity using index gone_other_key;
             alter table shop.gone drop constraint gone_other_key;
             alter table shop.mute replica identity nothing;
             alter table shop.whole replica identity full",
        )
        .await;
        let database = side.crossover().await;
        let findings = async || without_key(&database.tables(&everything()).await.unwrap(), &database);
        let mut left = findings().await;
        let names: Vec<&str> = left.iter().map(|finding| finding.table.as_str()).collect();
        assert_eq!(
            names,
            ["bare", "gone", "late", "mute", "unchosen", "whole"].map(|n| format!("shop.{n}"))
        );
        while let Some(finding) = left.first().cloned() {
            assert!(finding.remedy.contains("on both sides"), "{finding:?}");
            let index = format!("{}_other_key", finding.table.trim_start_matches("shop."));
            side.owner(&statement(&finding.remedy, &finding.table, &index))
                .await;
            left.remove(0);
            assert_eq!(findings().await, left, "{major}: {finding:?}");
        }
    }
}

#[tokio::test]
async fn the_remedy_of_a_cycling_sequence_leaves_no_finding() {
    let (source, target) = tokio::join!(Side::on(Major::V16), Side::on(Major::V17));
    for (side, position) in [(&source, 120), (&target, 5_000)] {
        side.owner(&format!(
            "create sequence shop.tickets maxvalue 9999 cycle; select setval('shop.tickets', {position});
             grant select on all sequences in schema shop to {}",
            side.own()
        ))
        .await;
    }
    let (ours, theirs) = (source.crossover().await, target.crossover().await);
    let pairs = async || {
        let scope = everything();
        let (ours, theirs) = tokio::try_join!(ours.sequences(&scope), theirs.sequences(&scope)).unwrap();
        positions(&ours, &theirs, routing::Side::Target, &SqlRemedies)
    };
    let found = pairs().await.remove(0);
    assert_eq!(
        (found.order, found.severity),
        (SequenceOrder::Cycles, Some(Severity::Warning))
    );
    let remedy = found.remedy.unwrap();
    assert!(
        remedy.contains("continued from the source's position") && remedy.contains("if not, use setval"),
        "{remedy}"
    );
    target
        .owner(&format!(
            "select setval('shop.tickets', {})",
            found.source.unwrap()
        ))
        .await;
    let after = pairs().await.remove(0);
    assert_eq!(
        (after.order, after.severity, after.remedy),
        (SequenceOrder::Level, None, None)
    );
}
