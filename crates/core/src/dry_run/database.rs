use std::sync::Arc;

use async_trait::async_trait;

use super::PlannedSteps;
use crate::{Millis, StageContext, ports::prelude::*};

/// The database with its writing half replaced.
pub(super) fn over(name: &'static str, real: &Database, ctx: &StageContext, steps: PlannedSteps) -> Database {
    Database {
        reads: Arc::clone(&real.reads),
        writes: Arc::new(DryWriter {
            name,
            real: real.clone(),
            clock: Arc::clone(&ctx.clock),
            marker_ms: ctx.plan.limits.max_lag_ms,
            steps,
        }),
    }
}

/// A writing half that records steps and changes nothing.
struct DryWriter {
    name: &'static str,
    real: Database,
    clock: Arc<dyn Clock>,
    /// How long the simulated marker takes to arrive. The wait is real, so that changes under way arrive
    /// before a comparison.
    marker_ms: Millis,
    steps: PlannedSteps,
}

impl DryWriter {
    fn note(&self, step: &str) {
        self.steps.note(format!("{}: {step}", self.name));
    }
}

#[async_trait]
impl Access for DryWriter {
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>> {
        Ok(Some(AccessSnapshot {
            run_id: "dry-run".to_owned(),
            public_connect: true,
            roles: Vec::new(),
            acl: None,
        }))
    }
    async fn prepare_pause(&self) -> PortResult<()> {
        self.real.writes.prepare_pause().await
    }
    async fn transactions(&self) -> PortResult<Vec<RunningTransaction>> {
        Ok(Vec::new())
    }
    async fn writers(&self) -> PortResult<WriterSample> {
        Ok(WriterSample::default())
    }
    async fn plan_lock(&self, scope: &Scope, run_id: &str) -> PortResult<LockPlan> {
        self.real.writes.plan_lock(scope, run_id).await
    }
    async fn lock(&self, plan: &LockPlan) -> PortResult<LockReport> {
        let roles = plan.roles.clone();
        self.note(&format!(
            "lock roles {} and revoke CONNECT from PUBLIC",
            roles.join(", ")
        ));
        Ok(LockReport {
            roles,
            already: false,
        })
    }
    async fn end_sessions(&self) -> PortResult<u32> {
        let sessions = self.real.writes.writers().await?.sessions.len() as u32;
        self.note("end every writer's session");
        Ok(sessions)
    }
    async fn restore(&self, _run_id: &str) -> PortResult<Vec<String>> {
        self.note("restore the access that was recorded at the lock");
        Ok(Vec::new())
    }
    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>> {
        self.note("open the database to the application's roles");
        Ok(like
            .roles
            .iter()
            .map(|RoleAccess { role, .. }| role.clone())
            .collect())
    }
}

#[async_trait]
impl CatchUpMarkers for DryWriter {
    async fn prepare_marker(&self) -> PortResult<()> {
        self.note("create the table crossover.catch_up_marker if it is missing");
        Ok(())
    }
    async fn write_marker(&self, _run_id: &str, _nonce: &str) -> PortResult<Position> {
        self.note("write a catch-up marker row");
        self.real.reads.current_position().await
    }
    async fn count_markers(&self, _run_id: &str, _nonce: &str) -> PortResult<u32> {
        self.note("wait for the catch-up marker row");
        self.clock.sleep(self.marker_ms).await;
        Ok(1)
    }
    async fn clear_markers(&self) -> PortResult<()> {
        self.note("remove old marker rows");
        Ok(())
    }
}

#[async_trait]
impl Sequences for DryWriter {
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>> {
        self.note(&format!(
            "advance {} sequences at least {headroom} steps beyond the other side's",
            positions.len()
        ));
        Ok(positions.iter().map(|old| old.moved_by(headroom)).collect())
    }
}

#[async_trait]
impl RetainedPositions for DryWriter {
    async fn retain_position(&self, name: &str) -> PortResult<Position> {
        self.note(&format!("retain the position {name}"));
        self.real.reads.current_position().await
    }
    async fn advance_position(&self, name: &str, to: &Position) -> PortResult<Position> {
        self.note(&format!("advance the retained position {name} to {to}"));
        Ok(to.clone())
    }
    async fn release_position(&self, name: &str) -> PortResult<()> {
        self.note(&format!("release the retained position {name}"));
        Ok(())
    }
    async fn retained_positions(&self) -> PortResult<Vec<String>> {
        self.real.writes.retained_positions().await
    }
}
