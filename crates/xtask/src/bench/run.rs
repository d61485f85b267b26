//! Times, memory and outcome of a candidate's run.

use crate::bench::outcome::Outcome;

/// One run.
#[derive(Debug, Clone)]
pub struct Run {
    pub elapsed_s: f64,
    /// Processor time of both clusters; none if the system does not report it.
    pub server_cpu_s: Option<f64>,
    /// The client's own use; none for work of the servers alone.
    pub client: Option<Client>,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub cpu_s: f64,
    pub rss_mb: f64,
}
