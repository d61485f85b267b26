//! `crossover verify --continuous`: follows both databases while they change.

mod pause;

use std::{
    io,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use clap::ValueEnum;
use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    plan::Scope,
    ports::{CatchUpMarkers, Changes, PortError, RetainedPositions},
    routing::Side,
};
use crossover_interrupt::{Interrupt, interrupted};
use crossover_postgres::PostgresDatabase;
use crossover_verify::{
    Event, EventSink, FollowContext, FollowEvent, FollowOptions, Follower, Sides, VerifyOptions, Watch,
    follow::{Budget, CheckpointFile, MarkerCatchUp, slot_name},
    rows::{CatchUp, Governor},
};

use super::{progress::Rows, summary, words};
use crate::exit::COULD_NOT_RUN;
use crate::output::print;
use pause::BySignal;

/// Options for following.
#[derive(clap::Args)]
#[command(next_help_heading = "Following while it changes")]
#[allow(clippy::struct_field_names, reason = "the options are called so")]
pub struct Continuous {
    /// Follow both databases while they change, and report rows that really differ: creates a replication
    /// slot on the writer, which is dropped at the end. After writes have stopped, SIGUSR1 starts the
    /// verification of the remaining rows at once
    #[arg(long, conflicts_with_all = ["quick", "explain_sql"])]
    continuous: bool,
    /// End when every row is equal or known to differ
    #[arg(long, requires = "continuous")]
    until_clean: bool,
    /// Keep the state in this file, and continue from it; the slot then stays when the command ends, until
    /// --forget
    #[arg(long, value_name = "FILE", requires = "continuous")]
    checkpoint: Option<PathBuf>,
    /// Maximum number of changed rows kept in memory; beyond it whole tables are compared again
    #[arg(long, value_name = "N", requires = "continuous", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    dirty_rows: u64,
    /// Write-ahead log the slot may keep on the writer, in MiB; beyond it the slot is dropped and the
    /// comparison has to start again
    #[arg(long, value_name = "MIB", requires = "continuous", default_value_t = 8_192, value_parser = clap::value_parser!(u64).range(16..=16_777_216))]
    wal_budget: u64,
    /// How to determine that the follower has caught up [default: wait for --recheck milliseconds]
    #[arg(long, value_enum, value_name = "HOW", requires = "continuous")]
    marker: Option<MarkerTable>,
    /// Drop the slot that an earlier run has left, remove its --checkpoint, and exit
    #[arg(long, requires = "continuous", conflicts_with_all = ["until_clean", "dirty_rows", "wal_budget", "marker"])]
    forget: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum MarkerTable {
    /// Write markers to crossover.catch_up_marker on the writer; the table must be replicated
    Table,
}

/// The prepared inputs of the command.
pub struct Ready<'a> {
    pub source: &'a PostgresDatabase,
    pub target: &'a PostgresDatabase,
    pub sides: Sides<'a>,
    pub fixed_delay: &'a dyn CatchUp,
    pub scope: &'a Scope,
    pub options: &'a VerifyOptions,
    pub progress: &'a Rows,
    pub values: bool,
    pub json: bool,
}

/// Prints the events as they occur: lines of JSON on standard output, or lines of text on standard error.
struct Print<'a> {
    progress: &'a Rows,
    json: bool,
    /// The reader of standard output has closed it.
    unread: AtomicBool,
}

fn print_line(event: &FollowEvent) -> anyhow::Result<()> {
    print(&(serde_json::to_string(event)? + "\n"))
}

impl EventSink for Print<'_> {
    fn emit(&self, event: &FollowEvent) {
        let event = words::event(event);
        if self.json {
            if print_line(&event).is_err() {
                self.unread.store(true, Relaxed);
            }
        } else {
            self.progress.line(&summary::event(&event));
        }
    }
}

impl Watch for Print<'_> {
    fn event(&self, event: &Event<'_>) {
        // A single comparison of a table that is being written to is no proof of a difference.
        if !matches!(event, Event::Done { .. }) {
            self.progress.event(event);
        }
    }
}

/// Markers for a table that only the writer has would stop the replication.
async fn takes_markers(follower: &PostgresDatabase) -> anyhow::Result<()> {
    match follower.count_markers("", "").await {
        Err(PortError::Missing { what }) => anyhow::bail!(
            "{what} does not exist, so no marker was written: create it with `crossover prepare`, and check that it is \
             replicated; or leave out --marker"
        ),
        counted => Ok(counted.map(drop)?),
    }
}

impl Continuous {
    /// Whether following replaces the single comparison.
    pub fn is_wanted(&self) -> bool {
        self.continuous
    }

    /// Follows, or forgets the slot.
    pub async fn run(&self, ready: &Ready<'_>) -> anyhow::Result<ExitCode> {
        let (source, target) = tokio::try_join!(ready.source.identity(), ready.target.identity())?;
        let (writer, follower, slot) = match ready.sides.writer {
            Side::Source => (ready.source, ready.target, slot_name(&source, &target)),
            Side::Target => (ready.target, ready.source, slot_name(&target, &source)),
        };
        if self.forget {
            return self.forget(writer, &slot).await;
        }
        let marker = MarkerCatchUp {
            writer,
            follower,
            clock: &SystemClock,
            run: format!("verify-{}", std::process::id()),
            limit: ready.options.rows.retry_timeout_ms.max(Millis(1_000)),
        };
        let catch_up: &dyn CatchUp = match self.marker {
            Some(MarkerTable::Table) => {
                takes_markers(follower).await?;
                writer.prepare_marker().await?;
                &marker
            }
            None => ready.fixed_delay,
        };
        let options = FollowOptions {
            budget: Budget {
                wal: self.wal_budget << 20,
                ..Budget::of_rows(self.dirty_rows)
            },
            values: ready.values,
            ..FollowOptions::default()
        };
        let governor = Governor::new(ready.options.max_load);
        let pause = BySignal::listen()?;
        let print = Print {
            progress: ready.progress,
            json: ready.json,
            unread: AtomicBool::new(false),
        };
        let ctx = FollowContext {
            sides: ready.sides,
            changes: writer,
            retained: writer,
            positions: writer,
            catch_up,
            identities: (&source, &target),
            scope: ready.scope,
            verify: ready.options,
            options: &options,
            governor: &governor,
            pause: &pause,
            watch: &print,
            listener: &print,
        };
        let ended = self.follow(ctx, &slot, &pause, &print.unread).await;
        ready.progress.finish();
        ended
    }

    async fn follow(
        &self,
        ctx: FollowContext<'_>,
        slot: &str,
        pause: &BySignal,
        unread: &AtomicBool,
    ) -> anyhow::Result<ExitCode> {
        let file = self.checkpoint.clone().map(CheckpointFile::new);
        // One handler for all waits: a signal between two handlers would be lost.
        let mut signal = std::pin::pin!(interrupted());
        let mut follower = tokio::select! {
            biased;
            Ok(interrupt) = &mut signal => {
                // A slot that another run uses must not be dropped.
                if self.checkpoint.is_none() && ctx.changes.claim(slot).await.is_ok() {
                    ctx.retained.release_position(slot).await?;
                }
                return Ok(by(interrupt));
            }
            begun = Follower::begin(ctx, file) => begun?,
        };
        let followed = tokio::select! {
            biased;
            Ok(interrupt) = &mut signal => Ok(Some(interrupt)),
            done = self.until_done(&mut follower, pause, unread) => done.map(|()| None),
        };
        let ended = follower.end(true).await;
        let interrupt = match (followed, ended) {
            (Ok(interrupt), Ok(())) => interrupt,
            (Err(error), Ok(())) => return Err(error),
            (Ok(_), Err(error)) => return Err(error.into()),
            (Err(error), Err(second)) => anyhow::bail!(
                "{error:#}\nerror: slot {slot} may be left behind ({second}): drop it with --continuous --forget"
            ),
        };
        ctx.listener.emit(&follower.standing());
        Ok(match interrupt {
            Some(interrupt) => by(interrupt),
            None if follower.different_rows() > 0 => ExitCode::FAILURE,
            None if !follower.could_not_run().is_empty() => ExitCode::from(COULD_NOT_RUN),
            None if follower.is_equal() => ExitCode::SUCCESS,
            None => ExitCode::FAILURE,
        })
    }

    async fn until_done(
        &self,
        follower: &mut Follower<'_>,
        pause: &BySignal,
        unread: &AtomicBool,
    ) -> anyhow::Result<()> {
        while !(self.until_clean && follower.is_judged()) {
            follower.tick().await?;
            if pause.take() {
                follower.tell_remaining().await?;
            }
            anyhow::ensure!(
                !unread.load(Relaxed),
                "standard output was closed by its reader, so following has ended"
            );
        }
        Ok(())
    }

    async fn forget(&self, writer: &PostgresDatabase, slot: &str) -> anyhow::Result<ExitCode> {
        writer.claim(slot).await?;
        writer.release_position(slot).await?;
        eprintln!("slot {slot} was dropped");
        if let Some(file) = &self.checkpoint {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    anyhow::bail!("{} cannot be removed: {error}", file.display())
                }
                _ => eprintln!("{} was removed", file.display()),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn by(interrupt: Interrupt) -> ExitCode {
    eprintln!("{interrupt}: no row was changed on either side");
    ExitCode::from(interrupt.exit_status())
}
