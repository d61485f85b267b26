//! `crossover edge set-reads`.

use std::{fmt::Write as _, process::ExitCode};

use crossover_clock::SystemClock;
use crossover_core::{
    Millis, UnixMillis,
    ports::Clock as _,
    routing::{Command, Directory, LaneRecord, ReadShare, TargetReads, directory::Lane},
};
use crossover_operate::edge::EdgeAdmin;
use crossover_report::number::duration;

use super::{change::Setting, wanted::Wanted, words};
use crate::{
    migration::{Config, work},
    output::print,
};

pub const MANUAL: &str = "Set the share of reads that the target answers while the source owns writes, and say which keys change their side. The same key reads from the \
same side everywhere; raising the share moves keys to the target only, lowering it moves keys back only.\n\n\
A client that has written reads from the source for --pin seconds; from \"off\" the first reads go to the target one lease (5 s) and one pin later, so that no client reads \
older than its own write. The keys that the directory lists keep their side (docs/edge.md). off: the source answers every read, the listed keys' too. A share is possible \
only while the source serves, and ends with a commit.";

/// The pin of a first share (seconds): the highest lag of replication that a cutover accepts.
const DEFAULT_PIN_S: u64 = 30;

const SHARE: Setting = Setting {
    name: "the share",
    possible: "a share of reads can be set only while the source serves and no cutover is under way",
};

/// Options of `crossover edge set-reads`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 set, or it was so already, or --dry-run has shown it; 1 the lane or the directory refuses it: nothing was changed; 2 could not run, or it is \
                  unknown whether it was set: repeat the command; 130 interrupted."
)]
pub struct Arguments {
    /// Percent of the keys, from 0 to 100 in steps of 0.01, or off
    #[arg(value_name = "PERCENT|off")]
    share: Wanted,
    #[command(flatten)]
    config: Config,
    /// How long a client that has written reads from the source, in seconds: longer than the highest lag of replication
    /// [default: as it is set, or 30]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pin: Option<u64>,
    /// Refuse if the file is of another lane
    #[arg(long, value_name = "NAME")]
    lane: Option<String>,
    /// Change nothing, say which share of the keys would move
    #[arg(long)]
    dry_run: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!(
            "{interrupt}: `crossover edge status{}` says which share is set",
            arguments.config.shown()
        )
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clients = arguments.config.clients().await?;
    let lane = &clients.migration.template().lane;
    if let Some(asked) = arguments.lane.as_ref().filter(|asked| *asked != lane) {
        anyhow::bail!(
            "the file is of lane {lane}, not of lane {asked}: name the file of that lane with --config"
        );
    }
    let wanted = arguments.share.0.map(|percent| Reads {
        percent,
        pin: arguments.pin.map(|seconds| Millis(seconds * 1_000)),
    });
    set(&clients.lane().await?, wanted, arguments.dry_run).await
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Reads {
    percent: ReadShare,
    /// None: as it is set.
    pin: Option<Millis>,
}

impl Reads {
    /// The lane's reads once this is set.
    fn after(self, before: Option<TargetReads>, now: UnixMillis) -> TargetReads {
        let pin = self.pin.or_else(|| before.map(|before| before.pin_ms));
        TargetReads::set(
            before,
            self.percent,
            pin.unwrap_or(Millis(DEFAULT_PIN_S * 1_000)),
            now,
        )
    }
}

/// Sets the share, if it is another one than before.
async fn set(admin: &EdgeAdmin, wanted: Option<Reads>, dry_run: bool) -> anyhow::Result<ExitCode> {
    let record = admin.read().await?;
    let directory = admin.directory().await?.current.directory;
    let Some(lane) = directory.lanes.get(&record.lane) else {
        eprintln!("{}", no_lane(&record.lane, &directory));
        return Ok(ExitCode::FAILURE);
    };
    let now = SystemClock.now();
    let after = wanted.map(|wanted| wanted.after(record.target_reads, now));
    print(&text(&record, after, lane))?;
    if same(record.target_reads, after) {
        return Ok(ExitCode::SUCCESS);
    }
    let command = after.map_or(Command::EndReads, |after| Command::SetReads {
        percent: after.percent,
        pin_ms: after.pin_ms,
    });
    if dry_run {
        // The rules that the lane itself decides by.
        if let Err(refusal) = record.next(&command, now) {
            eprintln!("{}", SHARE.refused(refusal.name(), &refusal.to_string()));
            return Ok(ExitCode::FAILURE);
        }
        print("Nothing was changed: this is a dry run.\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(record) = SHARE.change(admin, &record, command).await? else {
        return Ok(ExitCode::FAILURE);
    };
    print(&done(&record, SystemClock.now()))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether two settings are the same, whenever each was set.
fn same(one: Option<TargetReads>, other: Option<TargetReads>) -> bool {
    let set = |reads: Option<TargetReads>| reads.map(|reads| (reads.percent, reads.pin_ms));
    set(one) == set(other)
}

/// What holds from when on.
fn done(record: &LaneRecord, now: UnixMillis) -> String {
    let begins = record.target_reads.filter(|reads| now < reads.from_ms);
    let from = begins.map_or_else(
        || {
            format!(
                "every isolate of the edge follows within {}",
                duration(record.lease_ttl())
            )
        },
        |reads| {
            format!(
                "clients that write are pinned from now on, and the target answers from {} on, in {}",
                words::time(reads.from_ms),
                duration(reads.from_ms.since(now))
            )
        },
    );
    format!("Set, epoch {}: {from}.\n", record.epoch)
}

fn no_lane(name: &str, directory: &Directory) -> String {
    format!(
        "refused: lane {name} is not in the directory in force, so no request belongs to it; its lanes: {}. Publish a directory with this lane \
         (crossover edge apply), or name the file of another lane with --config. Nothing was changed.",
        words::names(directory.lanes.keys())
    )
}

/// A setting in words.
fn share(reads: Option<TargetReads>) -> String {
    reads.map_or_else(
        || "off".to_owned(),
        |reads| format!("{} with a pin of {}", reads.percent, duration(reads.pin_ms)),
    )
}

/// The share before and after, and which keys change their side.
fn text(record: &LaneRecord, after: Option<TargetReads>, lane: &Lane) -> String {
    let before = record.target_reads;
    let name = &record.lane;
    if same(before, after) {
        return format!(
            "No change: lane {name}, reads on the target: {}.\n",
            share(before)
        );
    }
    let percent = |reads: Option<TargetReads>| reads.map(|reads| reads.percent);
    let mut text = format!(
        "Lane {name}, reads on the target: {} -> {}.\n{}\n",
        share(before),
        share(after),
        moves(percent(before), percent(after))
    );
    if let (Some(before), Some(after)) = (before, after)
        && after.pin_ms > before.pin_ms
    {
        text += "The pin becomes longer: the source answers every read until clients have it, one lease (5 s) and one pin.\n";
    }
    let listed = &lane.reads.exceptions;
    if !listed.source.is_empty() || !listed.target.is_empty() {
        let exceptions = words::exceptions(&lane.reads);
        let sentence = match (before, after) {
            (None, _) => format!("The directory lists exceptions, which hold from then on: {exceptions}."),
            (_, None) => format!("The directory lists exceptions, which hold no longer: {exceptions}."),
            _ => format!("The keys that the directory lists keep their side: {exceptions}."),
        };
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{sentence}");
    }
    text
}

/// Which share of the keys changes its side. Keys have fixed positions, so it is the difference and nothing else.
fn moves(before: Option<ReadShare>, after: Option<ReadShare>) -> String {
    let percent = |share: Option<ReadShare>| share.map_or(0.0, f64::from);
    let (before, after) = (percent(before), percent(after));
    // A difference of two shares is one.
    let moved =
        ReadShare::try_from((after - before).abs()).map_or_else(|e| e.to_string(), |share| share.to_string());
    if after > before {
        format!("{moved} of the keys move to the target, none back.")
    } else if after < before {
        format!("{moved} of the keys move back to the source, none to the target.")
    } else {
        "No key moves by the share.".to_owned()
    }
}

#[cfg(test)]
mod tests;
