//! A database whose lock only sets NOLOGIN.

use std::sync::Arc;

use ambassador::delegate_to_methods;
use async_trait::async_trait;
use crossover_core::ports::prelude::*;

/// The writing half of the real database, except that no session is ended and no writer is seen.
pub struct BlindWriter(pub Arc<dyn DatabaseWriter>);

#[delegate_to_methods]
#[delegate(CatchUpMarkers, target_ref = "real")]
#[delegate(Sequences, target_ref = "real")]
#[delegate(RetainedPositions, target_ref = "real")]
impl BlindWriter {
    fn real(&self) -> &dyn DatabaseWriter {
        &*self.0
    }
}

#[async_trait]
impl Access for BlindWriter {
    async fn prepare_pause(&self) -> PortResult<()> {
        self.0.prepare_pause().await
    }
    async fn transactions(&self) -> PortResult<Vec<RunningTransaction>> {
        Ok(Vec::new())
    }
    async fn writers(&self) -> PortResult<WriterSample> {
        Ok(WriterSample::default())
    }
    async fn end_sessions(&self) -> PortResult<u32> {
        Ok(0)
    }
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>> {
        self.0.snapshot().await
    }
    async fn plan_lock(&self, scope: &Scope, run_id: &str) -> PortResult<LockPlan> {
        self.0.plan_lock(scope, run_id).await
    }
    async fn lock(&self, plan: &LockPlan) -> PortResult<LockReport> {
        self.0.lock(plan).await
    }
    async fn restore(&self, run_id: &str) -> PortResult<Vec<String>> {
        self.0.restore(run_id).await
    }
    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>> {
        self.0.open(like).await
    }
}
