//! `cargo xtask bench follow`: is a row that really differs reported soon, is nothing else reported, and how long does the pause
//! take?

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

/// What may be asked of it.
#[derive(Debug, Args)]
pub struct Options {
    /// Rows of the table on either side
    #[arg(long, default_value_t = 10_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(10_000..))]
    rows: u64,
    /// How long writes go on
    #[arg(long, default_value_t = 60, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Hot rows that are made to differ on the way, one after the other
    #[arg(long, default_value_t = 6, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    drifts: u64,
    /// Pauses at the end
    #[arg(long, default_value_t = 5, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    pauses: u64,
    /// Write the JSON to a file, too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Rows that are updated all the time; the first of them are made to differ.
const HOT: u64 = 20;
/// Reported later than this is too late, in seconds.
const SOON_S: f64 = 5.0;
/// A pause may be prolonged by this, in milliseconds.
const PAUSE_MS: u64 = 50;

pub fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let machine = machine::machine();
    let mut live = Live::begin(workspace, options.rows)?;
    let checkpoint = workspace.target.join("bench/live/checkpoint.json");
    let _ = std::fs::remove_file(&checkpoint);
    let mut follower = live.follow(&checkpoint)?;
    begin_load(&mut live, options.rows)?;
    let since = Instant::now();
    let (_, compared) = follower.until(|news| news["event"] == "compared")?;
    let compared_s = since.elapsed().as_secs_f64();
    eprintln!("  compared beside the writes in {compared_s:.0} s");

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
    let writes = live.stand.rest()?;

    let mut pauses = Vec::new();
    for _ in 0..options.pauses {
        begin_load(&mut live, options.rows)?;
        std::thread::sleep(Duration::from_secs(5));
        live.stand.rest()?;
        live.caught_up()?;
        let asked = Instant::now();
        follower.signal(Signal::SIGUSR1)?;
        let (at, news) = follower.until(|news| news["event"] == "remaining")?;
        let from_outside_ms = at.duration_since(asked).as_secs_f64() * 1_000.0;
        eprintln!("  pause: {news}, {from_outside_ms:.1} ms from the signal to the answer");
        pauses.push(json!({ "told": news, "from_outside_ms": from_outside_ms }));
    }
    follower.drain();
    let alarms: Vec<Value> = follower
        .unheard
        .iter()
        .filter(|news| {
            ["different", "truncated"]
                .iter()
                .any(|event| news["event"] == *event)
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

/// Hot rows, rows anywhere, and rows that come and go.
fn begin_load(live: &mut Live, rows: u64) -> anyhow::Result<()> {
    let stand = &mut live.stand;
    // In a query of its own, because otherwise every row would be given its own chance.
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

/// Makes a hot row differ for as long as it takes to be reported, and mends it; seconds until it was reported.
fn drift(live: &mut Live, follower: &mut Follower, row: u64) -> anyhow::Result<f64> {
    live.stand.target(&format!(
        "create function public.spoil() returns trigger language plpgsql as $$ begin new.note := 'drifted'; return new; end $$;
         create trigger spoil before update on {TABLE} for each row when (new.id = {row}) execute function public.spoil();
         alter table {TABLE} enable always trigger spoil"
    ))?;
    let since = Instant::now();
    let wanted = row.to_string();
    let of_row = |news: &Value, event: &str| {
        news["event"] == event
            && [&news["difference"]["key"]["id"], &news["key"][0]]
                .iter()
                .any(|key| **key == *wanted)
    };
    let (at, _) = follower.until(|news| of_row(news, "different"))?;
    live.stand.target(&format!(
        "drop trigger spoil on {TABLE}; drop function public.spoil()"
    ))?;
    // Every update brings the whole row, so the next one mends it.
    follower.until(|news| of_row(news, "withdrawn"))?;
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
            "a row was reported after {seconds} s, the aim is {SOON_S}"
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
                "the remaining rows took {} ms, the aim is {PAUSE_MS}",
                pause["told"]["elapsed_ms"]
            ));
        }
    }
    if missed.is_empty() {
        return Ok(());
    }
    bail!("missed:\n  {}", missed.join("\n  "))
}
