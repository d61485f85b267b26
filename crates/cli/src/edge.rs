//! `crossover edge`: the lane at the edge, the directory of all lanes, and the share of reads on the target.

mod apply;
mod audit;
mod change;
mod directory;
mod hold;
mod mode;
mod plan;
mod reads;
mod release;
mod shadow;
mod sign_region;
mod status;
mod wanted;
mod watch;
mod words;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Subcommand;
use crossover_core::UnixMillis;
use jiff::Timestamp;

pub const MANUAL: &str = "Show the lane at the edge: its traffic now, live, or every change that it has accepted. Show the directory, which \
says which requests belong to which lane; compare a new one with it, and publish it. Set which share of reads the target may answer, and \
whether the lane serves reads only, or less. Let requests wait for some seconds.\n\n\
Uses only the edge, with the key that the file of the migration names. Only apply, set-reads, set-shadow, set-mode, hold and release change anything.";

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
    #[command(about = "Show the directory: the lanes, and which requests belong to which", long_about = directory::MANUAL)]
    Directory(directory::Arguments),
    #[command(about = "Say what would change if this directory were published; changes nothing", long_about = plan::MANUAL)]
    Plan(plan::Arguments),
    #[command(about = "Publish this directory, and wait until it is in force", long_about = apply::MANUAL)]
    Apply(apply::Arguments),
    #[command(about = "Set the share of reads that the target answers while the source owns writes", long_about = reads::MANUAL)]
    SetReads(reads::Arguments),
    #[command(about = "Send a share of the reads to the target too, and count how its answers compare", long_about = shadow::MANUAL)]
    SetShadow(shadow::Arguments),
    #[command(about = "Serve reads only, or shed a share of the requests, or serve everything again", long_about = mode::MANUAL)]
    SetMode(mode::Arguments),
    #[command(about = "Print a header with which a request belongs to a region", long_about = sign_region::MANUAL)]
    SignRegion(sign_region::Arguments),
    #[command(about = "Let requests wait at the edge for some seconds, without a cutover", long_about = hold::MANUAL)]
    Hold(hold::Arguments),
    #[command(about = "Let go what a hold without a cutover has left waiting", long_about = release::MANUAL)]
    Release(release::Arguments),
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
        What::Directory(arguments) => directory::run(arguments),
        What::Plan(arguments) => plan::run(arguments),
        What::Apply(arguments) => apply::run(arguments),
        What::SetReads(arguments) => reads::run(arguments),
        What::SetShadow(arguments) => shadow::run(arguments),
        What::SetMode(arguments) => mode::run(arguments),
        What::SignRegion(arguments) => sign_region::run(arguments),
        What::Hold(arguments) => hold::run(arguments),
        What::Release(arguments) => release::run(arguments),
    }
}
