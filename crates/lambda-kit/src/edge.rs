//! The edge-router's admin API behind the lane port.

use async_trait::async_trait;
use crossover_core::{
    Secret,
    ports::{Lane, PortError, PortResult},
    routing::{Command, Epoch, LaneRecord},
};
use crossover_edge_admin::{AdminKey, EdgeAdmin, EdgeError};
use serde::Deserialize;

/// The secret that signs admin requests.
#[derive(Deserialize)]
pub struct EdgeKey {
    pub key_id: String,
    pub key: Secret<String>,
}

/// One lane of one router.
pub struct EdgeLane {
    admin: EdgeAdmin,
    what: String,
}

impl EdgeLane {
    pub fn new(admin_url: &str, lane: &str, key: &EdgeKey) -> PortResult<Self> {
        let what = format!("lane {lane} at the edge-router");
        if !is_private_enough(admin_url) {
            return Err(PortError::refused(
                &what,
                format!("{admin_url} is not https: only loopback may go without"),
            ));
        }
        let secret = AdminKey::from_hex(key.key.expose()).map_err(|e| PortError::refused(&what, e))?;
        let admin =
            EdgeAdmin::new(admin_url, lane, &key.key_id, secret).map_err(|e| PortError::refused(&what, e))?;
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

/// TLS, or a host on this very machine.
fn is_private_enough(url: &str) -> bool {
    url.starts_with("https://")
        || ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| {
            url.strip_prefix("http://")
                .and_then(|rest| rest.strip_prefix(host))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':') || rest.starts_with('/'))
        })
}

#[async_trait]
impl Lane for EdgeLane {
    async fn read(&self) -> PortResult<LaneRecord> {
        self.admin.read().await.map_err(|e| self.port_error(e))
    }

    async fn apply(&self, expected: Epoch, command: Command) -> PortResult<LaneRecord> {
        self.admin
            .apply(expected, command)
            .await
            .map_err(|e| self.port_error(e))
    }
}

#[cfg(test)]
mod tests {
    use super::is_private_enough;

    #[test]
    fn signed_commands_never_cross_a_network_in_the_clear() {
        for good in [
            "https://edge.example.com",
            "http://127.0.0.1:8787",
            "http://localhost",
            "http://[::1]:1/x",
        ] {
            assert!(is_private_enough(good), "{good}");
        }
        for bad in [
            "http://edge.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://x",
        ] {
            assert!(!is_private_enough(bad), "{bad}");
        }
    }
}
