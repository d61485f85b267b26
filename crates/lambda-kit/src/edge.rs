//! The edge-router's admin API behind the lane port.

use async_trait::async_trait;
use crossover_aws::EdgeKey;
use crossover_core::{
    ports::{Lane, PortError, PortResult},
    routing::{Command, Epoch, LaneRecord, Traffic},
};
use crossover_edge_admin::{EdgeAdmin, EdgeError};

/// One lane of one edge-router.
pub struct EdgeLane {
    admin: EdgeAdmin,
    what: String,
}

impl EdgeLane {
    pub fn new(admin_url: &str, lane: &str, key: &EdgeKey) -> PortResult<Self> {
        let what = format!("lane {lane} at the edge-router");
        let admin = EdgeAdmin::with_hex_key(admin_url, lane, &key.key_id, key.key.expose())
            .map_err(|e| PortError::refused(&what, e))?;
        Ok(Self { admin, what })
    }

    fn port_error(&self, error: EdgeError) -> PortError {
        match error {
            EdgeError::Unreachable { .. } => PortError::unreachable(&self.what, error),
            EdgeError::Refused { .. } | EdgeError::Unauthorized { .. } => {
                PortError::refused(&self.what, error)
            }
            other => PortError::unexpected(&self.what, other),
        }
    }
}

#[async_trait]
impl Lane for EdgeLane {
    async fn read(&self) -> PortResult<LaneRecord> {
        self.admin.read().await.map_err(|e| self.port_error(e))
    }

    async fn traffic(&self) -> PortResult<Traffic> {
        self.admin.traffic().await.map_err(|e| self.port_error(e))
    }

    async fn apply(&self, expected: Epoch, command: Command) -> PortResult<LaneRecord> {
        self.admin
            .apply(expected, command)
            .await
            .map_err(|e| self.port_error(e))
    }
}
