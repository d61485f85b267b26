//! Waits for the follower with a catch-up marker: the marker arrives only after everything written before.

use async_trait::async_trait;
use crossover_core::{
    Millis,
    catch_up::wait_for_marker,
    ports::{CatchUpMarkers, Clock, PortResult},
};

use crate::rows::CatchUp;

/// Requires the privilege to write to the table `crossover.catch_up_marker` on the writer, and the table
/// among the replicated tables.
pub struct MarkerCatchUp<'a> {
    pub writer: &'a dyn CatchUpMarkers,
    pub follower: &'a dyn CatchUpMarkers,
    pub clock: &'a dyn Clock,
    /// Distinguishes the markers of this run from others.
    pub run: String,
    /// Time limit for one marker.
    pub limit: Millis,
}

#[async_trait]
impl CatchUp for MarkerCatchUp<'_> {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        let nonce = format!("verify-{}", uuid::Uuid::new_v4().simple());
        let marker = (self.run.as_str(), nonce.as_str());
        wait_for_marker(self.writer, self.follower, self.clock, marker, self.limit).await?;
        Ok(())
    }
}
