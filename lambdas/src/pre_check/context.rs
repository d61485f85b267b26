//! What the checks read.

use std::sync::Arc;

use crossover_core::{
    Direction, StageContext, StageError, Stream,
    catalogue::TableFacts,
    finding::CheckOutcome,
    plan::{EngineName, Limits, Scope},
    ports::{Database, DatabaseReader, PortError, PortResult, Replication},
    routing::Side,
};
use futures::lock::Mutex;

/// Everything that a check may ask. There is no writing port, so a check cannot change anything.
pub struct CheckContext<'a> {
    pub direction: Direction,
    pub scope: &'a Scope,
    pub limits: &'a Limits,
    pub old_writer: Asked<'a>,
    pub new_writer: Asked<'a>,
    /// The change streams, or the reason why they cannot be asked from here.
    pub carrier: Result<Carrier<'a>, &'a str>,
}

/// The reading half of one side's database.
pub struct Asked<'a> {
    pub engine: &'a EngineName,
    pub reads: &'a dyn DatabaseReader,
    tables: Mutex<Option<Arc<Vec<TableFacts>>>>,
}

impl<'a> Asked<'a> {
    pub fn new(engine: &'a EngineName, reads: &'a dyn DatabaseReader) -> Self {
        Self {
            engine,
            reads,
            tables: Mutex::default(),
        }
    }

    /// The tables in scope. They are read once: half of the checks ask for them, and all of them then judge the same
    /// list.
    pub(super) async fn tables(&self, scope: &Scope) -> PortResult<Arc<Vec<TableFacts>>> {
        let mut kept = self.tables.lock().await;
        if let Some(tables) = &*kept {
            return Ok(Arc::clone(tables));
        }
        let tables = Arc::new(self.reads.tables(scope).await?);
        *kept = Some(Arc::clone(&tables));
        Ok(tables)
    }
}

/// The change streams and their engine.
#[derive(Clone, Copy)]
pub struct Carrier<'a> {
    pub engine: &'a EngineName,
    pub replication: &'a dyn Replication,
}

/// Why a check has no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// A port failed.
    Failed(PortError),
    /// The check needs a port that does not exist here.
    NotHere(String),
}

impl From<PortError> for Unanswered {
    fn from(error: PortError) -> Self {
        Self::Failed(error)
    }
}

impl Unanswered {
    /// The remedy is that of the error with which a stage would end.
    pub(super) fn outcome(self) -> CheckOutcome {
        match self {
            Self::NotHere(reason) => CheckOutcome::NotCheckedHere { reason },
            Self::Failed(error) => {
                let reason = error.to_string();
                let remedy = StageError::from(error).remedy().to_owned();
                CheckOutcome::CouldNotRun { reason, remedy }
            }
        }
    }
}

impl<'a> CheckContext<'a> {
    /// The context of a stage: everything can be asked.
    pub fn of(ctx: &'a StageContext) -> Self {
        let plan = &ctx.plan;
        let side = |side: Side, database: &'a Database| {
            let engine = match side {
                Side::Source => &plan.source.engine,
                Side::Target => &plan.target.engine,
            };
            Asked::new(engine, &*database.reads)
        };
        Self {
            direction: ctx.direction,
            scope: &plan.scope,
            limits: &plan.limits,
            old_writer: side(ctx.direction.old_writer(), &ctx.old_writer),
            new_writer: side(ctx.direction.new_writer(), &ctx.new_writer),
            carrier: Ok(Carrier {
                engine: &plan.replication.engine,
                replication: &*ctx.replication,
            }),
        }
    }

    /// Both databases with their sides, the old writer first.
    pub const fn sides(&self) -> [(Side, &Asked<'a>); 2] {
        [
            (self.direction.old_writer(), &self.old_writer),
            (self.direction.new_writer(), &self.new_writer),
        ]
    }

    /// The stream that carries changes from the old writer to the new writer.
    pub const fn stream(&self) -> Stream {
        Stream::of_run(self.direction)
    }

    /// The change streams.
    ///
    /// # Errors
    /// [`Unanswered::NotHere`] where they cannot be asked.
    pub fn replication(&self) -> Result<&'a dyn Replication, Unanswered> {
        match &self.carrier {
            Ok(carrier) => Ok(carrier.replication),
            Err(reason) => Err(Unanswered::NotHere((*reason).to_owned())),
        }
    }

    /// Whether the streams replicate tables whose replica identity is the whole row; `None` where they cannot
    /// be asked.
    pub fn whole_row_identity(&self) -> Option<bool> {
        let carrier = self.carrier.as_ref().ok()?;
        Some(carrier.replication.supports_whole_row_identity())
    }
}
