//! `crossover edge release`: lets go what `crossover edge hold` has held.

use std::process::ExitCode;

use anyhow::bail;
use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    ports::Clock,
    routing::{Command, LaneRecord, Phase},
};
use crossover_operate::edge::{EdgeAdmin, EdgeError};

use crate::{
    migration::{Config, work},
    output::print,
};

pub const MANUAL: &str = "Let go the requests that `crossover edge hold` has held, if that command was killed. They go to the side that they would have gone to without it.\n\n\
The requests that a cutover holds are not released by this command: its database may be locked. `crossover abort` ends a cutover.";

/// Names the runs of `crossover edge hold`: only what they hold is released here.
pub(super) const RUN_PREFIX: &str = "hold-";
/// How often a change is tried again where the edge gives no answer, or somebody else was faster.
const TRIES: u32 = 10;
const PAUSE: Millis = Millis(300);

/// Options of `crossover edge release`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 released, or nothing was held; 1 a cutover holds the lane: nothing was changed; 2 could not run: repeat the command; 130 interrupted: repeat the command."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!("{interrupt}: repeat the command; it releases nothing twice")
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clients = arguments.config.clients().await?;
    release(&clients.lane().await?, &SystemClock).await
}

pub(super) async fn release(admin: &EdgeAdmin, clock: &impl Clock) -> anyhow::Result<ExitCode> {
    let record = admin.read().await?;
    if record.phase.is_serving() {
        print(&format!(
            "Nothing is held: the {} of lane {} serves.\n",
            record.writer, record.lane
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let run_id = record.run_id.unwrap_or_default();
    if !run_id.starts_with(RUN_PREFIX) {
        eprintln!(
            "run {run_id} holds lane {}, and its database may be locked: `crossover abort --run-id {run_id}` ends it. Nothing was changed.",
            record.lane
        );
        return Ok(ExitCode::FAILURE);
    }
    let after = let_go(admin, clock, &run_id).await?;
    print(&format!(
        "Lane {}, epoch {}: the held requests go on; the {} serves as before.\n",
        after.lane, after.epoch, after.writer
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Ends a hold that belongs to this run, and lets the held requests go. Nothing is left to do where another run has the lane.
pub(super) async fn let_go(
    admin: &EdgeAdmin,
    clock: &impl Clock,
    run_id: &str,
) -> anyhow::Result<LaneRecord> {
    let mut why = String::new();
    for _ in 0..TRIES {
        match step(admin, run_id).await {
            Ok(Some(record)) => return Ok(record),
            Ok(None) => continue,
            Err(error @ (EdgeError::Unreachable { .. } | EdgeError::Refused { .. })) => {
                why = error.to_string();
            }
            Err(error) => return Err(error.into()),
        }
        clock.sleep(PAUSE).await;
    }
    bail!("the hold {run_id} could not be ended: {why}")
}

/// The next change; the record, once there is none.
async fn step(admin: &EdgeAdmin, run_id: &str) -> Result<Option<LaneRecord>, EdgeError> {
    let record = admin.read().await?;
    let own = record.run_id.as_deref() == Some(run_id);
    let run_id = run_id.to_owned();
    let command = match record.phase {
        _ if !own => return Ok(Some(record)),
        Phase::ServeSource | Phase::ServeTarget => return Ok(Some(record)),
        Phase::Armed | Phase::Hold => Command::Abort { run_id },
        // No hold of this command commits.
        Phase::Aborting | Phase::Committed => Command::Release { run_id },
    };
    admin.apply(record.epoch, command).await.map(|_| None)
}
