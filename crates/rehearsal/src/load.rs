//! The load: clients that do not wait for each other, and record every acknowledged write.
//!
//! *Open loop*: every operation has a time on a fixed timetable, and its latency counts from that time. A
//! slow request does not delay the following ones: all of them are sent on time.
//!
//! *Acknowledged*: a write counts as acknowledged when the server has answered 201 **and** the token of the
//! write is on disk, synced ([`Acknowledged`]). The ledger verdict is based on that file.

mod acknowledged;
mod operation;
mod samples;
mod timetable;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossover_clock::SystemClock;
use crossover_core::{UnixMillis, ports::Clock as _};
use crossover_stand::loopback;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use crate::shop::Mode;
use acknowledged::TokenFile;
pub use acknowledged::{Acknowledged, read_tokens};
use operation::Clients;
use samples::Samples;
pub use samples::{Kind, LoadResult, Outcome, ReadCounts, Sample, Snapshot, StrayCounts, WriteCounts};

/// Response header of the edge: how long the edge held this write, in milliseconds.
pub const HELD_MS: &str = "x-crossover-held-ms";
/// Response header of the edge: which side answered, `source` or `target`.
pub const SIDE: &str = "x-crossover-side";

/// Maximum number of requests in flight; above it the timetable is late, which the latencies show.
const IN_FLIGHT: u32 = 6_000;
/// A request without an answer after this time is an error; longer than the longest hold of the edge (20 s).
const TIMEOUT: Duration = Duration::from_secs(30);

/// Destination and rate of the load.
#[derive(Debug, Clone)]
pub struct LoadConfig {
    /// The edge, as `http://host:port` without a slash at the end.
    pub base_url: String,
    /// Writes per second of all clients together.
    pub writes_per_s: u32,
    /// Reads per second of all clients together.
    pub reads_per_s: u32,
    /// Number of clients that share the operations; each client numbers its own writes.
    pub clients: u32,
    /// Orders, or ledger entries only.
    pub mode: Mode,
    /// Number of customers of the shop (ids `1..=customers`); unused for ledger entries.
    pub customers: u64,
    /// Writers that bypass the edge.
    pub stray: Option<StrayConfig>,
    /// The file for the acknowledged tokens: created by the load, never overwritten.
    pub tokens_file: PathBuf,
}

/// Writers that send directly to the source API, as an isolate with a stale lane record would.
#[derive(Debug, Clone)]
pub struct StrayConfig {
    /// The source API, as `http://host:port`.
    pub direct_source_url: String,
    /// Writes per second.
    pub per_s: u32,
}

/// Why the load could not start or end.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The token file could not be created or written.
    #[error("could not write the token file {}: choose a new file in a writable folder", .path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP client could not be created.
    #[error("could not create the HTTP client of the load")]
    Client(#[from] reqwest::Error),
}

/// The running load.
#[derive(Debug)]
pub struct Load {
    started: Instant,
    started_at: UnixMillis,
    tokens_file: PathBuf,
    samples: Arc<Samples>,
    in_flight: Arc<Semaphore>,
    stop: watch::Sender<bool>,
    timetables: Vec<JoinHandle<()>>,
    tokens: TokenFile,
}

impl Load {
    /// Starts sending at once. Must be called within a tokio runtime.
    pub fn start(config: LoadConfig) -> Result<Self, LoadError> {
        let path = config.tokens_file.clone();
        let tokens = TokenFile::create(&path).map_err(|source| LoadError::TokenFile {
            path: path.clone(),
            source,
        })?;
        let http = loopback::http().timeout(TIMEOUT).build()?;
        let started = Instant::now();
        let started_at = SystemClock.now();
        let samples = Arc::new(Samples::default());
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT as usize));
        let (stop, stopped) = watch::channel(false);
        let rates = [
            (Kind::Write, config.writes_per_s),
            (Kind::Read, config.reads_per_s),
            (Kind::Stray, config.stray.as_ref().map_or(0, |stray| stray.per_s)),
        ];
        let clients = Arc::new(Clients::new(
            config,
            http,
            started,
            started_at,
            Arc::clone(&samples),
            tokens.sender(),
        ));
        let timetables = rates
            .into_iter()
            .filter(|(_, per_s)| *per_s > 0)
            .map(|(kind, per_s)| {
                let (clients, in_flight, stopped) =
                    (Arc::clone(&clients), Arc::clone(&in_flight), stopped.clone());
                tokio::spawn(timetable::keep(
                    started,
                    per_s,
                    in_flight,
                    stopped,
                    move |number, due| {
                        let clients = Arc::clone(&clients);
                        async move { clients.perform(kind, number, due).await }
                    },
                ))
            })
            .collect();
        Ok(Self {
            started,
            started_at,
            tokens_file: path,
            samples,
            in_flight,
            stop,
            timetables,
            tokens,
        })
    }

    /// The present state, at a cost suitable for a progress display.
    pub fn snapshot(&self) -> Snapshot {
        let in_flight = IN_FLIGHT as usize - self.in_flight.available_permits();
        self.samples.snapshot(self.started.elapsed(), in_flight)
    }

    /// Stops sending, waits for every outstanding answer (30 s at most), and returns the observations.
    pub async fn stop(self) -> Result<LoadResult, LoadError> {
        // A closed receiver means that the timetable has ended.
        let _ = self.stop.send(true);
        for timetable in self.timetables {
            if let Err(err) = timetable.await
                && err.is_panic()
            {
                std::panic::resume_unwind(err.into_panic());
            }
        }
        // Every operation returns its permit when it ends, and none lasts longer than its timeout.
        let drained = self.in_flight.acquire_many(IN_FLIGHT).await;
        debug_assert!(drained.is_ok(), "the semaphore is never closed");
        let path = self.tokens_file;
        self.tokens.close().map_err(|source| LoadError::TokenFile {
            path: path.clone(),
            source,
        })?;
        Ok(self.samples.result(self.started_at, path))
    }
}
