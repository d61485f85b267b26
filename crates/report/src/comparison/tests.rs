//! The page contains every result, and no text is interpreted as HTML.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{
    Millis, UnixMillis,
    catalogue::ObjectClass,
    rows::Shown,
    schema::{Breaks, DifferenceKind, NotCompared, SchemaDifference, SequenceOrder, SequencePair, Severity},
};

use crossover_verify::{
    Cause, CouldNotRun, LongestSnapshots, Report,
    rows::{Difference, Kind, Seen, TableResult},
};

use super::page;

const NASTY: &str = "<script>alert('x')</script>\u{202e}";

fn row(pairs: &[(&str, &str)]) -> BTreeMap<String, Option<Shown>> {
    pairs
        .iter()
        .map(|(column, value)| ((*column).to_owned(), Some(Shown::of((*value).to_owned()))))
        .collect()
}

fn table(name: &str, differences: Vec<Difference>) -> TableResult {
    TableResult {
        table: crossover_core::catalogue::TableName {
            schema: "public".to_owned(),
            name: name.to_owned(),
        },
        name: name.to_owned(),
        rows_source: 1_000,
        rows_target: 1_000,
        equal: differences.is_empty(),
        method: "typed-hash",
        key: vec!["id".to_owned()],
        as_text: Vec::new(),
        rechecked: 0,
        different_rows: differences.len() as u64,
        truncated: false,
        differences,
        elapsed_ms: Millis(1),
        chunks: Vec::new(),
    }
}

fn report(tables: Vec<TableResult>) -> Report {
    Report {
        equal: tables.iter().all(|t| t.equal),
        tables,
        schema_differences: Vec::new(),
        sequences: Vec::new(),
        primary_keys: Vec::new(),
        statistics: Vec::new(),
        not_compared: Vec::new(),
        could_not_run: Vec::new(),
        notes: Vec::new(),
        elapsed_ms: Millis(1_500),
        fingerprints: Some(("a".into(), "a".into())),
        seed: 0,
        longest_snapshots: LongestSnapshots::default(),
        began_ms: UnixMillis(1_700_000_000_000),
        condition: None,
        databases: None,
    }
}

fn changed(key: &str, before: &str, after: &str) -> Difference {
    Difference {
        key: row(&[("id", key)]),
        kind: Kind::Different,
        columns: vec!["note".to_owned()],
        count: 1,
        source: Some(row(&[("id", key), ("note", before)])),
        target: Some(row(&[("id", key), ("note", after)])),
        seen: Seen::default(),
    }
}

#[test]
fn a_long_value_is_shown_by_its_beginning_length_and_hash() {
    let long = "ab".repeat(1_000);
    let page = page(&report(vec![table("t", vec![changed("1", &long, "short")])]));
    let Shown::Long { head, sha256, .. } = Shown::of(long.clone()) else {
        panic!("2,000 bytes are long");
    };
    assert!(!page.contains(&long));
    assert!(
        page.contains(&format!(
            "<code>{head}</code>… <i>2000 bytes, SHA-256 {sha256}</i>"
        )),
        "{page}"
    );
}

#[test]
fn every_text_is_escaped() {
    let mut report = report(vec![table(
        NASTY,
        vec![
            changed(NASTY, NASTY, NASTY),
            Difference {
                key: row(&[(NASTY, NASTY)]),
                kind: Kind::ExtraOnTarget,
                columns: vec![],
                count: 1,
                source: None,
                target: Some(row(&[(NASTY, NASTY)])),
                seen: Seen::default(),
            },
        ],
    )]);
    report.could_not_run.push(CouldNotRun {
        name: NASTY.into(),
        reason: NASTY.into(),
        remedy: NASTY.into(),
        cause: Cause::Refused,
    });
    report.schema_differences.push(SchemaDifference {
        object: NASTY.into(),
        class: ObjectClass::Table,
        kind: DifferenceKind::Different,
        severity: Severity::Error,
        breaks: Breaks::Data,
        source: Some(NASTY.into()),
        target: None,
        detail: NASTY.into(),
        remedy: NASTY.into(),
    });
    report.not_compared.push(NotCompared {
        what: NASTY.into(),
        source: 1,
        target: 0,
        named: vec![NASTY.into()],
        reason: NASTY.into(),
        remedy: NASTY.into(),
    });
    report.condition = Some(NASTY.into());
    report.databases = Some((NASTY.into(), NASTY.into()));
    let page = page(&report);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.matches("&lt;script&gt;").count() >= 18, "{page}");
    assert!(!page.contains('\u{202e}'), "{page}");
}

#[test]
fn hundreds_of_tables_and_thousands_of_differences_are_complete_and_mostly_folded() {
    let mut tables: Vec<TableResult> = (0..300)
        .map(|n| table(&format!("shop.t{n}"), Vec::new()))
        .collect();
    tables.push(table(
        "shop.last",
        (0..2_000)
            .map(|n| changed(&format!("key-{n}"), "a", "b"))
            .collect(),
    ));
    let page = page(&report(tables));
    let all = |before: &str, after: &str| -> BTreeSet<String> {
        let starts = page.split(before).skip(1);
        starts
            .filter_map(|rest| rest.split_once(after))
            .map(|(text, _)| text.to_owned())
            .collect()
    };
    assert_eq!(all("<code>key-", "</code>").len(), 2_000);
    assert_eq!(all("shop.<wbr>t", "</td>").len(), 300);
    assert!(page.contains("1,975 more rows") && page.contains("300 equal tables"));
    let (different, equal) = (page.find("shop.<wbr>last"), page.find("shop.<wbr>t0<"));
    assert!(different < equal, "different tables precede equal ones");
}

#[test]
fn a_key_is_written_in_its_own_order() {
    let mut difference = changed("1", "a", "b");
    difference.key = row(&[("a", "2"), ("z", "1")]);
    let mut table = table("t", vec![difference]);
    table.key = vec!["z".into(), "a".into()];
    let page = page(&report(vec![table]));
    assert!(page.find("<span>z</span> <code>1") < page.find("<span>a</span> <code>2"));
}

#[test]
fn null_an_empty_text_and_the_word_null_are_shown_differently() {
    let mut difference = changed("1", "", "NULL");
    difference.columns = vec!["note".into(), "other".into()];
    let page = page(&report(vec![table("t", vec![difference])]));
    for cell in [
        "<del><i>empty</i></del>",
        "<ins><code>NULL</code></ins>",
        "<del><i>NULL</i></del>",
    ] {
        assert!(page.contains(cell), "{cell}");
    }
}

#[test]
fn the_headline_states_the_known_result() {
    let headline = |report: &Report| {
        let page = page(report);
        let (_, rest) = page.split_once("</span><span>").unwrap();
        rest.split_once("</span></h1>").unwrap().0.to_owned()
    };
    let mut equal = report(vec![table("t", Vec::new())]);
    assert_eq!(
        headline(&equal),
        "Equal. Every row of 1 table is the same on both sides."
    );
    equal.tables[0].method = "count";
    assert_eq!(
        headline(&equal),
        "1 table of equal size. Rows were counted, not compared."
    );
    equal.could_not_run.push(CouldNotRun {
        name: "u".into(),
        reason: "r".into(),
        remedy: "m".into(),
        cause: Cause::Refused,
    });
    assert_eq!(headline(&equal), "Not proven. 1 item was not compared.");
    let mut different = report(vec![table("t", vec![changed("1", "a", "b")])]);
    assert_eq!(headline(&different), "Different: 1 row in 1 table.");
    different.tables[0].truncated = true;
    assert_eq!(headline(&different), "Different: at least 1 row in 1 table.");
    different.could_not_run.clone_from(&equal.could_not_run);
    assert_eq!(
        headline(&different),
        "Different: at least 1 row in 1 table. 1 item was not compared."
    );
}

#[test]
fn a_sequence_that_hands_out_ids_again_is_a_difference() {
    let mut report = report(vec![table("t", Vec::new())]);
    report.sequences.push(SequencePair {
        sequence: "s.ids".into(),
        source: Some(7),
        target: Some(3),
        order: SequenceOrder::Behind,
        severity: Some(Severity::Error),
        detail: "behind".into(),
        remedy: None,
    });
    assert!(report.is_different());
    assert!(page(&report).contains("Different: 1 object of the schema."));
}
