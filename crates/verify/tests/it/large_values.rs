//! Values of a megabyte: chunks are cut by their bytes, memory holds few of them, and a repair writes them whole.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crossover_core::{plan::Scope, rows::Shown};
use crossover_verify::{Event, VerifyOptions, Watch, compare_rows};

use crate::pair::{Pair, crossover, named, still};
use crate::repair::{Desk, outcomes, value};

/// Rows of the table, and of those that differ.
const ROWS: usize = 72;
const DIFFERENT: usize = 48;

/// Incompressible values of a megabyte in three places, with NULL, quotes and letters of several bytes among them.
fn filled(values: &str) -> String {
    format!(
        "create table t (id int primary key, note text, doc text, raw bytea);
         alter table t alter doc set storage external, alter raw set storage external;
         insert into t select i, 'n' || i, {values}, decode(repeat(md5(i::text), 100), 'hex') from generate_series(1, {ROWS}) i"
    )
}

const DOC: &str = "repeat('o''clock ä ', 20000) || repeat(md5(i::text), 24000)";

/// The most memory of this process, in MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

/// The work of the next test, in a process of its own: memory is measured for a whole process.
#[tokio::test]
#[ignore = "started by another test"]
async fn alone_large_values_are_compared_shown_and_repaired_in_little_memory() {
    let pair = Pair::new().await;
    pair.both(&filled(DOC)).await;
    pair.target(&format!(
        "update t set doc = doc || 'x' where id <= {DIFFERENT} - 2; delete from t where id = {DIFFERENT} - 1;
         update t set doc = null where id = {DIFFERENT}"
    ))
    .await;
    let mut desk = Desk::at(&pair).await;
    let before = peak_mb();
    desk.options.rows.values = true;
    let report = desk.verify().await;
    let table = &report.tables[0];
    assert_eq!(table.differences.len(), DIFFERENT);
    assert_eq!(named(table)[0], "1 different doc");
    let value_of = |side: &Option<std::collections::BTreeMap<String, Option<Shown>>>| {
        side.as_ref().unwrap()["doc"].clone()
    };
    let first = table.differences.iter().find(|d| d.seen.key == ["1"]).unwrap();
    let (
        Some(Shown::Long { head, bytes, sha256 }),
        Some(Shown::Long {
            bytes: more,
            sha256: other,
            ..
        }),
    ) = (value_of(&first.source), value_of(&first.target))
    else {
        panic!("{first:?}");
    };
    assert!(head.starts_with("o'clock ä o'clock ä") && head.chars().count() == 64);
    assert_eq!(more, bytes + 1);
    assert_ne!(sha256, other);
    let seen = "select encode(sha256(convert_to(doc, 'UTF8')), 'hex') from t where id = 1";
    assert_eq!(value(&pair.source, seen).await.as_ref(), Some(&sha256));

    let plan = desk.plan().await;
    let repaired = desk.apply(&plan).await;
    assert_eq!(
        repaired.totals.repaired,
        DIFFERENT,
        "{:?}",
        outcomes(&repaired)[0]
    );
    assert_eq!(value(&pair.target, seen).await, Some(sha256));
    assert!(desk.verify().await.equal);
    let grown = peak_mb() - before;
    println!("peak: {grown} MB more than {before} MB");
    // 50 MB differ on each side.
    assert!(grown <= 64, "{grown} MB more");
}

#[test]
fn large_values_are_compared_shown_and_repaired_in_little_memory() {
    let done = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("large_values::alone_large_values_are_compared_shown_and_repaired_in_little_memory")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let failed = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && said.contains("1 passed"),
        "{said}\n{failed}"
    );
}

/// Counts the statements that read rows.
#[derive(Default)]
struct Statements(AtomicUsize);

impl Watch for Statements {
    fn event(&self, event: &Event<'_>) {
        if matches!(event, Event::Rows { .. }) {
            self.0.fetch_add(1, Relaxed);
        }
    }
}

#[tokio::test]
async fn few_large_rows_are_read_in_several_statements_analysed_or_not() {
    let pair = Pair::new().await;
    pair.both(&filled(DOC)).await;
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let sides = still(&source, &target);
    for analysed in [false, true] {
        if analysed {
            pair.both("analyze t").await;
        }
        let counted = Statements::default();
        let report = compare_rows(&sides, &Scope::default(), &VerifyOptions::default(), &counted)
            .await
            .unwrap();
        assert!(report.is_equal(), "{report:?}");
        // 80 MB, in parts of 64 MB.
        let statements = counted.0.into_inner();
        assert!(statements >= 4, "analysed: {analysed}, {statements} statements");
    }
}
