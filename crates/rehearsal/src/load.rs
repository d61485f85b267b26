//! The load: clients that do not wait for each other, and record every acknowledged write.
//!
//! *Open loop*: every operation has a time on a fixed timetable, and its latency counts from that time. A
//! slow request does not delay the following ones: all of them are sent on time, up to a bound on the requests
//! in flight ([`in_flight`]).
//!
//! *Acknowledged*: a write counts as acknowledged when the server has answered 201 **and** the token of the
//! write is on disk, synced ([`Acknowledged`]). The ledger verdict is based on that file.

mod acknowledged;
mod bursts;
mod calibration;
mod in_flight;
mod operation;
mod samples;
mod steadiness;
mod timetable;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossover_clock::SystemClock;
use crossover_core::{FractionalMillis, Millis, UnixMillis, ports::Clock as _, routing::HeldWrites};
use crossover_stand::loopback;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use crate::shop::Mode;
use acknowledged::TokenFile;
pub use acknowledged::{Acknowledged, read_tokens};
use bursts::Bursts;
pub use calibration::{Calibration, CalibrationStep, Rates};
use in_flight::InFlight;
use operation::Clients;
use samples::Samples;
pub use samples::{
    Kind, LoadResult, Outcome, ReadCounts, Sample, Sending, Snapshot, StrayCounts, WriteCounts,
};

/// Response header of the edge: how long the edge held this write, in milliseconds.
pub const HELD_MS: &str = "x-crossover-held-ms";
/// Request header of half of the writes: their client can send them again, and the application knows the second from the first.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Request header of the edge: the answer shall say which side it is from.
pub const ACCOUNT: &str = "x-crossover-account";
/// Response header of the edge: which side answered, `source` or `target`.
pub const SIDE: &str = "x-crossover-side";

/// A request without an answer after this time is an error; longer than the longest hold of the edge (20 s).
const TIMEOUT: Duration = Duration::from_secs(30);
/// Interval between two looks at the latencies.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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
    /// Which writes a cutover holds: those that it does not hold may be refused.
    pub hold: HeldWrites,
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
    config: LoadConfig,
    clients: Arc<Clients>,
    samples: Arc<Samples>,
    in_flight: Arc<InFlight>,
    stop: watch::Sender<bool>,
    timetables: Vec<JoinHandle<()>>,
    bursts: Bursts,
    tokens: TokenFile,
    calibration: Calibration,
    begun: Instant,
    rates: Rates,
    not_steady: Vec<String>,
}

impl Load {
    /// Starts sending at once, at the rates of the configuration. Must be called within a tokio runtime.
    pub fn start(config: LoadConfig) -> Result<Self, LoadError> {
        let mut load = Self::open(config)?;
        load.begin(load.asked());
        Ok(load)
    }

    /// Prepares everything; nothing is sent yet.
    pub fn open(config: LoadConfig) -> Result<Self, LoadError> {
        let path = config.tokens_file.clone();
        let tokens = TokenFile::create(&path).map_err(|source| LoadError::TokenFile { path, source })?;
        let http = loopback::http().timeout(TIMEOUT).build()?;
        let (started, started_at) = (Instant::now(), SystemClock.now());
        let samples = Arc::new(Samples::default());
        let clients = Arc::new(Clients::new(
            config.clone(),
            http,
            started,
            started_at,
            Arc::clone(&samples),
            tokens.sender(),
        ));
        Ok(Self {
            started,
            started_at,
            config,
            clients,
            samples,
            in_flight: Arc::new(InFlight::of_this_machine()),
            stop: watch::Sender::new(false),
            timetables: Vec::new(),
            bursts: Bursts::default(),
            tokens,
            calibration: Calibration::default(),
            begun: started,
            rates: Rates::default(),
            not_steady: Vec::new(),
        })
    }

    /// The rates of the configuration.
    fn asked(&self) -> Rates {
        Rates {
            writes_per_s: self.config.writes_per_s,
            reads_per_s: self.config.reads_per_s,
        }
    }

    /// Measures what the machine carries, and returns it with the rates that follow.
    pub async fn calibrate(&mut self) -> (f64, Rates) {
        let asked = self.asked();
        self.calibration = calibration::calibrate(&self.clients, &self.in_flight, asked).await;
        self.in_flight.lower_to(self.calibration.most_in_flight(asked));
        (self.calibration.carried_per_s(), self.calibration.rates(asked))
    }

    /// Starts the timetables.
    pub fn begin(&mut self, rates: Rates) {
        self.rates = rates;
        let stray_per_s = self.config.stray.as_ref().map_or(0, |stray| stray.per_s);
        let start = Instant::now();
        self.begun = start;
        for (kind, per_s) in [
            (Kind::Write, rates.writes_per_s),
            (Kind::Read, rates.reads_per_s),
            (Kind::Stray, stray_per_s),
        ] {
            if per_s == 0 {
                continue;
            }
            let clients = Arc::clone(&self.clients);
            let operation = move |number, due| {
                let clients = Arc::clone(&clients);
                async move { clients.perform(kind, number, due).await.left }
            };
            let (in_flight, stopped) = (Arc::clone(&self.in_flight), self.stop.subscribe());
            self.timetables.push(tokio::spawn(timetable::keep(
                start, per_s, in_flight, stopped, operation,
            )));
        }
    }

    /// Sends `writes` writes at once, beside the timetable; the application waits for `delay` with each. They are
    /// acknowledged and recorded like every write. At most as many as the file handles of the Worker allow.
    pub fn send_burst(&self, writes: u32, delay: Millis) {
        self.bursts.send(&self.clients, writes, delay);
    }

    /// Waits until the latency of writes has come to rest, or for its time limit; `when` is the name of this wait
    /// in the report. Returns whether it came to rest.
    pub async fn steady(&mut self, when: &str) -> bool {
        let since = Instant::now();
        let since_start = FractionalMillis::from(since - self.started);
        let window = steadiness::window(self.rates.writes_per_s);
        loop {
            let latencies = self.samples.last_latencies(since_start, 2 * window);
            if steadiness::is_steady(&latencies, window) {
                return true;
            }
            if since.elapsed() > steadiness::LIMIT {
                self.not_steady.push(when.to_owned());
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The present state, at a cost suitable for a progress display.
    pub fn snapshot(&self) -> Snapshot {
        self.samples
            .snapshot(self.started.elapsed(), self.in_flight.now())
    }

    /// Stops sending, waits for every outstanding answer (30 s at most), and returns the observations.
    pub async fn stop(self) -> Result<LoadResult, LoadError> {
        self.stop.send_replace(true);
        for timetable in self.timetables {
            if let Err(err) = timetable.await
                && err.is_panic()
            {
                std::panic::resume_unwind(err.into_panic());
            }
        }
        self.bursts.ended().await;
        // Every operation leaves its place when it ends, and none lasts longer than its timeout.
        self.in_flight.drained().await;
        // The token file ends with its last sender.
        drop(self.clients);
        let path = self.config.tokens_file;
        self.tokens.close().map_err(|source| LoadError::TokenFile {
            path: path.clone(),
            source,
        })?;
        let sending = Sending {
            calibration: self.calibration,
            begun_ms: (self.begun - self.started).into(),
            rates: self.rates,
            most_in_flight: self.in_flight.bound(),
            sent_late: self.in_flight.sent_late(),
            burst_writes: self.bursts.sent(),
            not_steady: self.not_steady,
        };
        Ok(self.samples.result(self.started_at, path, sending))
    }
}
