//! `cargo xtask bench follow`: whether a row that really differs is reported soon, whether no other row is
//! reported, and how long the pause takes.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::bail;
use clap::Args;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::{
    bench::{
        data::TABLE,
        live::{Follower, Live},
        machine,
        publish::publish,
    },
    workspace::Workspace,
};

/// The options of the benchmark.
#[derive(Debug, Args)]
pub struct Options {
    /// Rows of the table on either side
    #[arg(long, default_value_t = 10_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(10_000..))]
    rows: u64,
    /// How long writes go on
    #[arg(long, default_value_t = 60, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Number of hot rows that are made to differ during the run, one after the other
    #[arg(long, default_value_t = 6, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    drifts: u64,
    /// Number of pauses at the end
    #[arg(long, default_value_t = 5, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    pauses: u64,
    /// Write the JSON to a file as well
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Number of rows that are updated all the time; the first of them are made to differ.
const HOT: u64 = 20;
/// Latest permitted report of a difference, in seconds.
const SOON_S: f64 = 5.0;
/// Permitted prolongation of a pause, in milliseconds.
const PAUSE_MS: u64 = 50;

pub fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let machine = machine::machine();
    let mut live = Live::begin(workspace, options.rows)?;
    let checkpoint = workspace.target.join("bench/live/checkpoint.json");
    let _ = std::fs::remove_file(&checkpoint);
    let mut follower = live.follow(&checkpoint)?;
    begin_load(&mut live, options.rows)?;
    let since = Instant::now();
    let (_, compared) = follower.until(|message| message["event"] == "compared")?;
    let compared_s = since.elapsed().as_secs_f64();
    eprintln!("  compared during the writes in {compared_s:.0} s");

    let minutes = Duration::from_secs(60 * options.minutes);
    let mut detected = Vec::new();
    for row in 1..=options.drifts {
        let due = minutes.mul_f64(row as f64 / (options.drifts + 1) as f64);
        std::thread::sleep(due.saturating_sub(since.elapsed()));
        let seconds = drift(&mut live, &mut follower, row)?;
        eprintln!(
            "  after {} s: row {row} was reported {seconds:.2} s after it began to differ",
            since.elapsed().as_secs()
        );
        detected.push(seconds);
    }
    std::thread::sleep(minutes.saturating_sub(since.elapsed()));
    let wrote_s = since.elapsed().as_secs_f64();
    let writes = live.stand.end_loads()?;

    let mut pauses = Vec::new();
    for _ in 0..options.pauses {
        begin_load(&mut live, options.rows)?;
        std::thread::sleep(Duration::from_secs(5));
        live.stand.end_loads()?;
        live.caught_up()?;
        let asked = Instant::now();
        follower.signal(Signal::SIGUSR1)?;
        let (at, message) = follower.until(|message| message["event"] == "remaining")?;
        let from_outside_ms = at.duration_since(asked).as_secs_f64() * 1_000.0;
        eprintln!("  pause: {message}, {from_outside_ms:.1} ms from the signal to the answer");
        pauses.push(json!({ "told": message, "from_outside_ms": from_outside_ms }));
    }
    follower.drain();
    let alarms: Vec<Value> = follower
        .other_messages
        .iter()
        .filter(|message| {
            ["different", "truncated"]
                .iter()
                .any(|event| message["event"] == *event)
        })
        .cloned()
        .collect();
    let peak_mb = follower.peak_mb();
    follower.end()?;
    let report = json!({
        "machine": machine,
        "rows": options.rows,
        "compared": compared,
        "compared_beside_writes_s": compared_s,
        "wrote_s": wrote_s,
        "statements": { "hot": writes.first(), "anywhere": writes.get(1), "comings_and_goings": writes.get(2) },
        "reported_after_s": detected,
        "false_alarms": alarms,
        "pauses": pauses,
        "client_peak_mb": peak_mb,
    });
    publish(&report, options.out.as_deref())?;
    judge(&report)
}

/// Starts updates of hot rows, updates of random rows, and deletions with new insertions.
fn begin_load(live: &mut Live, rows: u64) -> anyhow::Result<()> {
    let stand = &mut live.stand;
    // In a subquery, because otherwise the random value would be computed for every row.
    let anyone = format!("(select {HOT} + 1 + (random() * {})::bigint)", rows - HOT - 2);
    stand.load(
        &format!("update {TABLE} set total = (total * 100 + 1) % 1000000 / 100 where id <= {HOT}"),
        20,
    )?;
    stand.load(
        &format!("update {TABLE} set status = 'paid', placed_at = clock_timestamp() where id = {anyone}"),
        100,
    )?;
    stand.load(
        &format!(
            "with gone as (delete from {TABLE} where id = {anyone} returning *) \
             insert into {TABLE} select id + 1000000000, customer_id, clock_timestamp(), note, total, attributes, status from gone \
             on conflict do nothing"
        ),
        20,
    )
}

/// Makes a hot row differ until the difference is reported, then corrects the row; returns the seconds until
/// the report.
fn drift(live: &mut Live, follower: &mut Follower, row: u64) -> anyhow::Result<f64> {
    live.stand.target(&format!(
        "create function public.make_different() returns trigger language plpgsql as $$ begin new.note := 'drifted'; return new; end $$;
         create trigger make_different before update on {TABLE} for each row when (new.id = {row}) execute function public.make_different();
         alter table {TABLE} enable always trigger make_different"
    ))?;
    let since = Instant::now();
    let wanted = row.to_string();
    let of_row = |message: &Value, event: &str| {
        message["event"] == event
            && [&message["difference"]["key"]["id"], &message["key"][0]]
                .iter()
                .any(|key| **key == *wanted)
    };
    let (at, _) = follower.until(|message| of_row(message, "different"))?;
    live.stand.target(&format!(
        "drop trigger make_different on {TABLE}; drop function public.make_different()"
    ))?;
    // Every update replicates the whole row, so the next update corrects the row.
    follower.until(|message| of_row(message, "withdrawn"))?;
    Ok(at.duration_since(since).as_secs_f64())
}

fn judge(report: &Value) -> anyhow::Result<()> {
    let mut missed = Vec::new();
    if report["false_alarms"]
        .as_array()
        .is_some_and(|alarms| !alarms.is_empty())
    {
        missed.push("a row was reported that does not differ".to_owned());
    }
    let late = |seconds: &&Value| seconds.as_f64().is_none_or(|s| s > SOON_S);
    if let Some(seconds) = report["reported_after_s"]
        .as_array()
        .into_iter()
        .flatten()
        .find(late)
    {
        missed.push(format!(
            "a row was reported after {seconds} s, the goal is {SOON_S}"
        ));
    }
    for pause in report["pauses"].as_array().into_iter().flatten() {
        if pause["told"]["equal"] != true {
            missed.push(format!("not equal at the pause: {}", pause["told"]));
        }
        if pause["told"]["elapsed_ms"]
            .as_u64()
            .is_none_or(|ms| ms > PAUSE_MS)
        {
            missed.push(format!(
                "the remaining rows took {} ms, the goal is {PAUSE_MS}",
                pause["told"]["elapsed_ms"]
            ));
        }
    }
    if missed.is_empty() {
        return Ok(());
    }
    bail!("missed:\n  {}", missed.join("\n  "))
}
