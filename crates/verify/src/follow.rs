//! Compares two databases while they change, until they are known to be equal, so that only the last few rows
//! have to be verified at the pause.
//!
//! A logical slot on the writer is created first. From then on no change can be missed: every table is
//! compared as a whole once, and the rows that differed then, and every key that has changed since, are
//! dirty. Dirty keys are checked repeatedly until the rows are equal, or until they are known to differ
//! ([`judge`] has the rules, and explains why a row that is only busy raises no alarm).
//!
//! The kept state is bounded, here and on the writer's disk ([`budget`]); changes beyond the bound are never
//! forgotten. The state survives the process ([`checkpoint`]).
//!
//! Not followed: schema changes, and rows that another session changes on the follower in tables whose row
//! stays the same on the writer. A new whole comparison finds those.

mod budget;
mod check;
mod checkpoint;
mod dirty;
mod ending;
mod event;
mod judge;
mod marker;
mod pause;
mod poll;
mod remaining;
mod sweep;
mod versions;

use std::{collections::BTreeMap, pin::pin, sync::Arc};

use crossover_core::{
    Millis, Position, UnixMillis,
    catalogue::TableName,
    plan::Scope,
    ports::{Changes, Followed, PortError, Positions, Relations, RetainedPositions},
    routing::Side,
};
use futures::future::{Either, select};

pub use budget::Budget;
pub use checkpoint::{CheckpointError, CheckpointFile, slot_name};
pub use ending::Ending;
pub use event::{DifferingRow, EventSink, FollowEvent};
pub use marker::MarkerCatchUp;
pub use pause::{NoPause, Pause};
pub use remaining::Remaining;

use crate::{
    prepared::PreparedTable,
    rows::{CatchUp, Comparison, Governor, RowsOptions, TableResult},
    run::{CouldNotRun, Sides, VerifyError, VerifyOptions, prepare},
    watch::Watch,
};
use checkpoint::{Checkpoint, CheckpointIdentity, print_of};
use dirty::Dirty;
use sweep::Sweep;

/// Options of the follower.
#[derive(Debug, Clone)]
pub struct FollowOptions {
    pub budget: Budget,
    /// Minimum duration of a round.
    pub every_ms: Millis,
    /// How long a row has to differ where passes prove nothing.
    pub least_ms: Millis,
    /// Number of changes read at once; a transaction is never divided.
    pub batch: u32,
    /// Report the values of rows that differ.
    pub values: bool,
}

impl Default for FollowOptions {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            every_ms: Millis(200),
            least_ms: Millis(3_000),
            batch: 50_000,
            values: false,
        }
    }
}

/// The databases and services a follower works with.
#[derive(Clone, Copy)]
pub struct FollowContext<'a> {
    pub sides: Sides<'a>,
    /// The writer's changes, and its slots.
    pub changes: &'a dyn Changes,
    pub retained: &'a dyn RetainedPositions,
    /// What the writer's positions mean to each other.
    pub positions: &'a dyn Positions,
    /// How to wait for the follower.
    pub catch_up: &'a dyn CatchUp,
    /// The databases as they identify themselves: source, target.
    pub identities: (&'a str, &'a str),
    pub scope: &'a Scope,
    pub verify: &'a VerifyOptions,
    pub options: &'a FollowOptions,
    pub governor: &'a Governor,
    /// Ends every wait, so that the caller can react; work in progress is completed in order.
    pub pause: &'a dyn Pause,
    pub watch: &'a dyn Watch,
    pub listener: &'a dyn EventSink,
}

impl<'a> FollowContext<'a> {
    /// A comparison that leaves every difference open: the rounds check it later.
    fn comparison<'b>(&self, options: &'b RowsOptions) -> Comparison<'b>
    where
        'a: 'b,
    {
        Comparison {
            catch_up: None,
            ..self.sides.comparison(options, self.governor, self.watch)
        }
    }
}

/// Why following ended.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Ended(#[from] Ending),
    #[error(
        "the checkpoint is of other databases ({source_then} and {target_then}), whose slot still depends on it: name another \
         file, or end that run for good"
    )]
    OtherDatabases {
        source_then: String,
        target_then: String,
    },
}

impl From<PortError> for FollowError {
    fn from(error: PortError) -> Self {
        Self::Verify(error.into())
    }
}

/// Follows two databases.
pub struct Follower<'a> {
    ctx: FollowContext<'a>,
    ground: CheckpointIdentity,
    file: Option<CheckpointFile>,
    seed: i64,
    dirty: Dirty,
    followed: Vec<Followed>,
    relations: Relations,
    round: u32,
    /// Every change before this is in the dirty set.
    confirmed: Position,
    /// No changes are taken before this time: writing checkpoints must not become the main work.
    next_take: UnixMillis,
    /// The last read of changes was complete.
    current: bool,
    sweep: Option<Sweep<'a>>,
    swept: sweep::Done,
    results: BTreeMap<TableName, TableResult>,
    could_not_run: Vec<CouldNotRun>,
    ended: Option<String>,
}

impl<'a> Follower<'a> {
    /// Creates the slot, or continues from the checkpoint.
    ///
    /// # Errors
    /// As for a comparison; a checkpoint that cannot be read; a slot that cannot be created, or that another
    /// run uses.
    pub async fn begin(ctx: FollowContext<'a>, file: Option<CheckpointFile>) -> Result<Self, FollowError> {
        let prepared = prepare(&ctx.sides, ctx.scope, ctx.verify).await?;
        let ground = ground(&ctx, &prepared.tables);
        let earlier = file.as_ref().map(CheckpointFile::read).transpose()?.flatten();
        if let Some(earlier) = &earlier {
            earlier.is_of(&ground)?;
        }
        ctx.changes.claim(&ground.slot).await?;
        let slot = ctx.changes.retained_state(&ground.slot).await?;
        let resumed = match earlier {
            None => None,
            Some(earlier) => match earlier.obstacle(&ground, slot.as_ref(), ctx.positions) {
                None => Some(earlier),
                Some(reason) => {
                    ctx.listener.emit(&FollowEvent::StartsOver { reason });
                    None
                }
            },
        };
        let seed = resumed.as_ref().map_or(prepared.seed, |r| r.seed);
        let confirmed = if let Some(checkpoint) = &resumed {
            checkpoint.confirmed.clone()
        } else {
            if slot.is_some() {
                ctx.retained.release_position(&ground.slot).await?;
            }
            ctx.retained.retain_position(&ground.slot).await?
        };
        let tables: Vec<Arc<PreparedTable>> = prepared
            .tables
            .into_iter()
            .map(|mut table| {
                (table.forms.0.seed, table.forms.1.seed) = (seed, seed);
                Arc::new(table)
            })
            .collect();
        let followed: Vec<Followed> = tables.iter().map(|t| followed(t, ctx.sides.writer)).collect();
        let mut this = Self {
            dirty: Dirty::new(tables, ctx.options.budget),
            relations: ctx.changes.relations(&followed).await?,
            followed,
            ground,
            file,
            seed,
            round: 0,
            confirmed,
            next_take: UnixMillis(0),
            current: false,
            sweep: None,
            swept: sweep::Done::default(),
            results: BTreeMap::new(),
            could_not_run: prepared.could_not_run,
            ended: None,
            ctx,
        };
        this.note_tables_without_old_keys();
        if let Some(checkpoint) = &resumed {
            checkpoint.restore(&mut this.dirty);
        }
        this.save()?;
        let slot = this.ground.slot.clone();
        let resumed = resumed.is_some();
        this.ctx.listener.emit(&FollowEvent::Follows { slot, resumed });
        Ok(this)
    }

    /// Whether every row has been judged, as of the last check.
    pub fn is_judged(&self) -> bool {
        self.current && self.dirty.is_judged()
    }

    /// Whether no row differs and everything was compared, as of the last check.
    pub fn is_equal(&self) -> bool {
        self.is_judged() && self.dirty.reported() == 0 && self.could_not_run.is_empty()
    }

    /// Rows that are not known to be equal.
    pub fn dirty_rows(&self) -> u64 {
        self.dirty.rows()
    }

    /// Rows that are known to differ.
    pub fn different_rows(&self) -> u64 {
        self.dirty.reported()
    }

    /// Tables whose state is unknown, with the reason.
    pub fn could_not_run(&self) -> &[CouldNotRun] {
        &self.could_not_run
    }

    /// The last whole comparison of each table.
    pub fn tables(&self) -> impl Iterator<Item = &TableResult> {
        self.results.values()
    }

    /// The current state, as the final event.
    pub fn standing(&self) -> FollowEvent {
        FollowEvent::Ended {
            equal: self.is_equal(),
            judged: self.is_judged(),
            tables: self.results.len(),
            rows: self.results.values().map(|t| t.rows_source).sum(),
            different_rows: self.dirty.reported(),
            open_rows: self.dirty.rows() - self.dirty.reported(),
            could_not_run: self.could_not_run.clone(),
        }
    }

    /// The slot on the writer.
    pub fn slot(&self) -> &str {
        &self.ground.slot
    }

    /// Runs one round while tables that are due are compared as a whole. The future can be dropped at any
    /// time; then call [`Self::end`].
    ///
    /// # Errors
    /// A server that remains unavailable; a slot that is missing or has become too large; a checkpoint that
    /// cannot be written.
    pub async fn tick(&mut self) -> Result<(), FollowError> {
        let sweep = match self.sweep.take() {
            Some(sweep) => Some(sweep),
            None => self.begin_sweep(),
        };
        match sweep {
            None => self.round_with_retries().await?,
            Some(sweep) => {
                let rest = match select(Box::pin(self.round_with_retries()), sweep).await {
                    Either::Left((done, sweep)) => done.map(|()| Some(sweep)),
                    Either::Right(((), round)) => round.await.map(|()| None),
                };
                self.sweep = rest?;
            }
        }
        self.absorb()
    }

    /// A server that is unavailable for a short time is asked again.
    async fn round_with_retries(&mut self) -> Result<(), FollowError> {
        let clock = self.ctx.sides.clock;
        let retry_timeout_ms = self.ctx.verify.rows.retry_timeout_ms;
        let mut since = None;
        loop {
            match self.round().await {
                Err(FollowError::Verify(VerifyError::Port(error @ PortError::Unreachable { .. }))) => {
                    let began = *since.get_or_insert_with(|| clock.now());
                    if clock.now().since(began) >= retry_timeout_ms {
                        return Err(error.into());
                    }
                    clock.sleep(self.ctx.options.every_ms).await;
                }
                done => return done,
            }
        }
    }

    async fn round(&mut self) -> Result<(), FollowError> {
        let clock = self.ctx.sides.clock;
        let began = clock.now();
        self.round += 1;
        self.current = self.take().await?;
        if self.current {
            self.judge().await?;
        }
        let checks = self.choose();
        if !checks.is_empty() {
            let Some(passed) = self.unless_paused(self.ctx.catch_up.wait_for_catchup()).await else {
                return Ok(());
            };
            passed?;
            self.check(checks).await?;
        }
        let took = clock.now().since(began);
        if took < self.ctx.options.every_ms {
            self.unless_paused(clock.sleep(self.ctx.options.every_ms - took))
                .await;
        }
        Ok(())
    }

    /// Waits, unless the operator has ended all waits.
    async fn unless_paused<T>(&self, wait: impl Future<Output = T> + Send) -> Option<T> {
        match select(pin!(wait), self.ctx.pause.wanted()).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    /// Ends the run. With `keep` and a checkpoint the slot stays for the next run, otherwise the slot is
    /// dropped.
    ///
    /// # Errors
    /// A checkpoint that cannot be written; a slot that cannot be dropped.
    pub async fn end(&mut self, keep: bool) -> Result<(), FollowError> {
        self.sweep = None;
        if self.ended.is_some() {
            return Ok(());
        }
        if keep && self.file.is_some() {
            self.absorb()?;
            self.save()?;
            self.ctx.listener.emit(&FollowEvent::SlotLeft {
                slot: self.ground.slot.clone(),
                writer: self.ctx.sides.writer,
                keeps_from: self.confirmed.clone(),
            });
            return Ok(());
        }
        Ok(self.drop_slot().await?)
    }

    /// Drops the slot, unless another run has taken the slot over while this run had lost its connection.
    async fn drop_slot(&self) -> Result<(), PortError> {
        match self.ctx.changes.claim(&self.ground.slot).await {
            Err(PortError::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.ctx.retained.release_position(&self.ground.slot).await,
        }
    }

    /// Gives up: drops the slot and records in the checkpoint that no run can continue from it.
    async fn give_up(&mut self, ending: Ending) -> Result<FollowError, FollowError> {
        self.ended = Some(ending.to_string());
        self.drop_slot().await?;
        self.save()?;
        Ok(ending.into())
    }

    /// Writes the checkpoint, if the caller asked for one.
    fn save(&mut self) -> Result<(), CheckpointError> {
        let Some(file) = &self.file else { return Ok(()) };
        let clock = self.ctx.sides.clock;
        let began = clock.now();
        let ended = self.ended.clone();
        file.write(&Checkpoint::of(
            &self.dirty,
            &self.ground,
            self.seed,
            self.confirmed.clone(),
            ended,
        ))?;
        let now = clock.now();
        self.next_take = now + now.since(began) * 10;
        Ok(())
    }

    fn emit(&self, event: &FollowEvent) {
        self.ctx.listener.emit(event);
    }

    /// Notes the tables whose changes do not show which rows they changed.
    fn note_tables_without_old_keys(&self) {
        let mut tables: Vec<String> = self
            .relations
            .values()
            .flatten()
            .filter(|r| !r.tells_old_key)
            .map(|r| r.table.to_string())
            .collect();
        tables.sort();
        tables.dedup();
        if !tables.is_empty() {
            self.emit(&FollowEvent::Note {
                text: format!(
                    "the key of {} is not in the replica identity, so each update or delete there makes it necessary to compare the \
                     whole table again; `alter table … replica identity` changes that",
                    tables.join(", ")
                ),
            });
        }
    }
}

fn ground(ctx: &FollowContext<'_>, tables: &[PreparedTable]) -> CheckpointIdentity {
    let (source, target) = ctx.identities;
    let (writer, follower) = match ctx.sides.writer {
        Side::Source => (source, target),
        Side::Target => (target, source),
    };
    CheckpointIdentity {
        source: source.to_owned(),
        target: target.to_owned(),
        writer: ctx.sides.writer,
        slot: slot_name(writer, follower),
        forms: print_of(tables),
    }
}

fn followed(table: &PreparedTable, writer: Side) -> Followed {
    let form = table.form_of(writer);
    Followed {
        table: form.table.clone(),
        key: form.key_columns().map(|c| c.name.clone()).collect(),
    }
}
