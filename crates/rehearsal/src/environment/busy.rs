//! Endless loops beside the rehearsal, which take the CPU as other programs of a machine would.

use std::path::Path;

use crossover_stand::process::{Launch, ManagedProcess};

use crate::error::Result;

/// Starts `loops` of them, at normal priority. Each is guarded as every component is, so none outlives the
/// rehearsal.
pub fn start(loops: u32, work: &Path) -> Result<Vec<ManagedProcess>> {
    let log = work.join("busy.log");
    let start = |number| {
        let launch = Launch::new(format!("endless loop {number}"), "/bin/sh", &log);
        Ok(launch.args(["-c", "while :; do :; done"]).start()?)
    };
    (1..=loops).map(start).collect()
}
