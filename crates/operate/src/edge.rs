//! The lane at the edge as it is now: its record, its traffic, the requests it holds.

use crossover_core::routing::{LaneRecord, Traffic};
pub use crossover_edge_admin::{EdgeAdmin, EdgeError};
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// A lane at one time (`crossover edge status --json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneAtEdge {
    pub record: LaneRecord,
    pub traffic: Traffic,
    /// Requests that the edge holds.
    pub held: u64,
}

impl LaneAtEdge {
    /// Asks the lane. Changes nothing, and costs three calls to its Durable Object.
    pub async fn read(admin: &EdgeAdmin) -> Result<Self> {
        Ok(Self {
            record: admin.read().await?,
            traffic: admin.traffic().await?,
            held: admin.held().await?,
        })
    }
}
