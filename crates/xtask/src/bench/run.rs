//! What a run of a candidate took, and what came of it.

use crate::bench::outcome::Outcome;

/// One run.
#[derive(Debug, Clone)]
pub struct Run {
    pub elapsed_s: f64,
    /// Processor time of both clusters; none where the system does not tell.
    pub server_cpu_s: Option<f64>,
    /// The program's own use; none for the servers' own work.
    pub client: Option<Client>,
    pub outcome: Outcome,
}

/// What a client took for itself.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub cpu_s: f64,
    pub rss_mb: f64,
}
