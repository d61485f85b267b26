//! The configuration of a server.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::error::{Result, StandError};
use crate::pins::Major;
use crate::ports::Port;

/// The settings that a caller may choose. The rest is fixed: loopback only, logical WAL, capacity for
/// replication in both directions.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub port: Port,
    /// The name in messages and of the log file, such as `source`; the version is appended.
    pub role: Option<String>,
    /// More lines for postgresql.conf, name and value as text; later ones override.
    pub extra: Vec<(String, String)>,
    /// Whether the server's folder, log included, is removed when the program ends the server.
    pub temporary: bool,
}

impl Settings {
    /// Settings for a server that messages name by its role in the rehearsal.
    pub fn for_role(role: impl Into<String>) -> Self {
        Self {
            role: Some(role.into()),
            ..Self::default()
        }
    }

    pub(super) fn name(&self, major: Major) -> String {
        match &self.role {
            Some(role) => format!("{role} postgresql {major}"),
            None => format!("postgresql {major}"),
        }
    }

    /// Appends the settings of this start to the cluster's postgresql.conf.
    pub(super) fn write(&self, data: &Path, major: Major, port: u16) -> Result<()> {
        let port = port.to_string();
        // Every version supports these settings. fsync is off: no cluster outlives its guard, so none has to
        // survive a crash of the machine.
        let fixed = [
            ("listen_addresses", "127.0.0.1"),
            ("port", port.as_str()),
            ("unix_socket_directories", ""),
            ("wal_level", "logical"),
            ("max_replication_slots", "40"),
            ("max_wal_senders", "40"),
            ("max_logical_replication_workers", "40"),
            ("max_sync_workers_per_subscription", "4"),
            ("max_worker_processes", "60"),
            ("max_prepared_transactions", "50"),
            ("max_connections", "300"),
            ("shared_buffers", "64MB"),
            ("wal_retrieve_retry_interval", "100ms"),
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("logging_collector", "off"),
        ];
        // Before version 18 the number of slots sets this limit.
        let since_18 = (major >= Major::V18).then_some(("max_active_replication_origins", "40"));
        let mut text = String::from("\n# Set by crossover-stand\n");
        let extra = self
            .extra
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in fixed.into_iter().chain(since_18).chain(extra) {
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
        let path = data.join("postgresql.conf");
        OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(StandError::io("writing", &path))
    }
}

/// Quotes a text for postgresql.conf, where (unlike in SQL) a backslash always escapes.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_quote_nor_a_backslash_changes_a_setting() {
        assert_eq!(quoted(r"it's C:\n"), r"'it''s C:\\n'");
    }
}
