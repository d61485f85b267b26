//! A function that dies just before or just after the commit.

use std::sync::Arc;

use async_trait::async_trait;
use crossover_core::{
    ports::{Lane, PortResult},
    routing::{Command, Epoch, LaneRecord, Traffic},
};

#[derive(PartialEq, Eq)]
pub enum CrashPoint {
    BeforeCommit,
    AfterCommit,
}

/// The real lane; the process dies at the commit. A second invocation finds the lane committed and does not
/// commit, so that invocation survives.
pub struct CrashingLane {
    pub lane: Arc<dyn Lane>,
    pub point: CrashPoint,
}

#[async_trait]
impl Lane for CrashingLane {
    async fn read(&self) -> PortResult<LaneRecord> {
        self.lane.read().await
    }

    async fn traffic(&self) -> PortResult<Traffic> {
        self.lane.traffic().await
    }

    async fn apply(&self, expected: Epoch, command: Command) -> PortResult<LaneRecord> {
        let commits = matches!(command, Command::Commit { .. });
        if commits && self.point == CrashPoint::BeforeCommit {
            std::process::abort();
        }
        let answer = self.lane.apply(expected, command).await;
        if commits && self.point == CrashPoint::AfterCommit && answer.is_ok() {
            std::process::abort();
        }
        answer
    }
}
