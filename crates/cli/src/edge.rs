//! `crossover edge`: the lane at the edge. All sub-commands read only.

mod audit;
mod status;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;
use crossover_core::UnixMillis;
use jiff::Timestamp;

pub const MANUAL: &str = "Show the lane at the edge: its traffic now, live, or every change that it has accepted.\n\n\
Reads only the edge, with the key that the file of the migration names. Nothing is changed.";

/// Options of `crossover edge`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    #[command(about = "Show the lane and its traffic as they are now", long_about = status::MANUAL)]
    Status(status::Arguments),
    #[command(about = "Show the lane and its traffic live, until Ctrl-C", long_about = watch::MANUAL)]
    Watch(watch::Arguments),
    #[command(about = "List every change of the lane, and check that none is missing or altered", long_about = audit::MANUAL)]
    Audit(audit::Arguments),
}

/// A time for people, in UTC; `None` for one that no calendar has.
fn utc(at: UnixMillis) -> Option<Timestamp> {
    let ms = i64::try_from(at.0).ok()?;
    Timestamp::from_millisecond(ms).ok()
}

pub fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.what {
        What::Status(arguments) => status::run(arguments),
        What::Watch(arguments) => watch::run(arguments),
        What::Audit(arguments) => audit::run(arguments),
    }
}
