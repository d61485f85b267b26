//! A database whose lock sets NOLOGIN and leaves it at that.

use std::sync::Arc;

use async_trait::async_trait;
use crossover_core::{
    Position,
    catalogue::SequenceFacts,
    plan::Scope,
    ports::{
        Access, AccessSnapshot, DatabaseWriter, CatchUpMarkers, LockReport, PortResult, RetainedPositions, Sequences,
        WriterSample,
    },
};

/// The writing half of the real database, except that no session is ended and no writer is seen.
pub struct BlindWriter(pub Arc<dyn DatabaseWriter>);

#[async_trait]
impl Access for BlindWriter {
    async fn in_flight(&self) -> PortResult<u32> {
        Ok(0)
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
    async fn lock(&self, scope: &Scope, run_id: &str) -> PortResult<LockReport> {
        self.0.lock(scope, run_id).await
    }
    async fn restore(&self, run_id: &str) -> PortResult<Vec<String>> {
        self.0.restore(run_id).await
    }
    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>> {
        self.0.open(like).await
    }
}

#[async_trait]
impl CatchUpMarkers for BlindWriter {
    async fn prepare_marker(&self) -> PortResult<()> {
        self.0.prepare_marker().await
    }
    async fn write_marker(&self, run_id: &str, nonce: &str) -> PortResult<Position> {
        self.0.write_marker(run_id, nonce).await
    }
    async fn count_markers(&self, run_id: &str, nonce: &str) -> PortResult<u32> {
        self.0.count_markers(run_id, nonce).await
    }
    async fn clear_markers(&self) -> PortResult<()> {
        self.0.clear_markers().await
    }
}

#[async_trait]
impl Sequences for BlindWriter {
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>> {
        self.0.advance_sequences(positions, headroom).await
    }
}

#[async_trait]
impl RetainedPositions for BlindWriter {
    async fn retain_position(&self, name: &str) -> PortResult<Position> {
        self.0.retain_position(name).await
    }
    async fn advance_position(&self, name: &str, to: &Position) -> PortResult<Position> {
        self.0.advance_position(name, to).await
    }
    async fn release_position(&self, name: &str) -> PortResult<()> {
        self.0.release_position(name).await
    }
}
