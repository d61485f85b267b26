//! `cargo xtask bench repair`: differences repaired in a large table while the target replicates the source;
//! only those rows may change.

use std::{path::PathBuf, process::Stdio, time::Instant};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    bench::{data::TABLE, live::Live, machine, publish::publish},
    workspace::Workspace,
};

/// The options of the benchmark.
#[derive(Debug, Args)]
pub struct Options {
    /// Rows of the table on either side
    #[arg(long, default_value_t = 10_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(10_000..))]
    rows: u64,
    /// Number of rows that are made to differ on the target
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(3..=9_000))]
    drifts: u64,
    /// Write the JSON to a file as well
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let machine = machine::machine();
    let mut live = Live::begin(workspace, options.rows)?;
    eprintln!("  {} rows drift", options.drifts);
    plant(&mut live, options)?;
    // Records for each row the transaction that wrote it.
    live.stand.target(&format!(
        "create table public.before as select id, xmin::text as writer from {TABLE}; create unique index on public.before (id)"
    ))?;
    let out = workspace.target.join("bench/live/repair");
    let since = Instant::now();
    let output = live
        .command(&["--rows-only", "--repair", "apply", "--repair-out"])
        .arg(&out)
        .stderr(Stdio::inherit())
        .output()?;
    let elapsed_s = since.elapsed().as_secs_f64();
    let answer: Value = serde_json::from_slice(&output.stdout).context("the answer is not JSON")?;
    let touched = live.stand.target(&format!(
        "select count(*), count(*) filter (where d.id is null), (select count(*) from public.drifted) \
         from (select coalesce(a.id, b.id) as id from {TABLE} a full join public.before b using (id) \
               where a.xmin::text is distinct from b.writer) t left join public.drifted d using (id)"
    ))?;
    let number = |column: usize| -> anyhow::Result<u64> {
        let text = touched.body["target"][0][column].as_str().context("no number")?;
        Ok(text.parse()?)
    };
    let (changed, others, drifted) = (number(0)?, number(1)?, number(2)?);
    let report = json!({
        "machine": machine,
        "rows": options.rows,
        "drifted": drifted,
        "rows_changed": changed,
        "rows_changed_that_had_not_drifted": others,
        "compared_repaired_and_compared_again_s": elapsed_s,
        "exit": output.status.code(),
        "equal_afterwards": answer["equal"],
        "totals": answer["repair"]["totals"],
    });
    publish(&report, options.out.as_deref())?;
    ensure!(
        output.status.success() && answer["equal"] == true,
        "not equal after the repair"
    );
    if others > 0 || changed != drifted {
        bail!("{changed} rows were changed, {others} of them had not drifted, {drifted} had");
    }
    Ok(())
}

/// A third of the rows is changed, a third deleted, a third inserted, distributed over the table; recorded on
/// the target.
fn plant(live: &mut Live, options: &Options) -> anyhow::Result<()> {
    let (rows, drifts) = (options.rows, options.drifts);
    live.stand.target(&format!(
        "create table public.drifted (id bigint primary key, kind bigint not null);
         insert into public.drifted
             select n * ({rows} / {drifts}) + case n % 3 when 0 then 1000000000 else 1 end, n % 3
             from generate_series(0, {drifts} - 1) n;
         insert into {TABLE} select d.id, o.customer_id, o.placed_at, o.note, o.total, o.attributes, o.status
             from public.drifted d join {TABLE} o on o.id = 1 where d.kind = 0;
         update {TABLE} set note = 'drifted' where id in (select id from public.drifted where kind = 1);
         delete from {TABLE} where id in (select id from public.drifted where kind = 2)"
    ))?;
    Ok(())
}
