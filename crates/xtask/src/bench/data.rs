//! The table of the bench: generated on both servers at the same time.

use std::time::Instant;

use crate::bench::{planted, planted::Planted, stand::Stand};

/// The table that all candidates compare.
pub const TABLE: &str = "public.orders";

/// Rows per statement: some seconds of work, so that progress is visible.
const BATCH: u64 = 1_000_000;

/// Fills the table in one transaction, so that the servers write no WAL for a new table.
pub fn fill(stand: &mut Stand, rows: u64) -> anyhow::Result<()> {
    let since = Instant::now();
    stand.both(&format!("begin;\n{}", include_str!("sql/table.sql")))?;
    let mut first = 1;
    while first <= rows {
        let last = rows.min(first + BATCH - 1);
        let insert = include_str!("sql/rows.sql")
            .replace("{first}", &first.to_string())
            .replace("{last}", &last.to_string());
        stand.both(&insert)?;
        eprintln!(
            "  {last} of {rows} rows on both sides after {:.0} s",
            since.elapsed().as_secs_f64()
        );
        first = last + 1;
    }
    stand.both(&format!("alter table {TABLE} add primary key (id);\ncommit"))?;
    settle(stand, TABLE)?;
    eprintln!(
        "  filled, indexed and analysed in {:.0} s",
        since.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Copies the first rows into another table; returns the table's name.
pub fn subset(stand: &mut Stand, sixths: u64, last: u64) -> anyhow::Result<String> {
    let table = format!("orders_{sixths}_of_6");
    let make = include_str!("sql/subset.sql")
        .replace("{table}", &table)
        .replace("{last}", &last.to_string());
    stand.both(&make)?;
    let table = format!("public.{table}");
    settle(stand, &table)?;
    Ok(table)
}

/// Creates the planted differences.
pub fn plant(stand: &mut Stand, planted: &[Planted]) -> anyhow::Result<()> {
    let (source, target) = planted::statements(planted);
    stand.source(&source)?;
    stand.target(&target).map(drop)
}

/// Does the pending work before a measurement: hint bits, dirty pages, statistics.
fn settle(stand: &mut Stand, table: &str) -> anyhow::Result<()> {
    stand.both(&format!("vacuum (analyze) {table}"))?;
    stand.both("checkpoint").map(drop)
}
