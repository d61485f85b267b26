//! The routing rules of the edge, without I/O: the states of a lane, their changes, and the destination of a
//! request.
//!
//! No clock and no randomness either: `now` is always an argument ([`UnixMillis`]). So every rule has a unit
//! test, and the same code runs in the Worker (wasm32), in its Durable Object, in the client and in the tests
//! of the stages.
//!
//! - [`lane`]: the lane record, its commands, and the one compare-and-set that changes it
//! - [`decide`]: one request under one lease -> forward, hold, or renew the lease first
//! - [`breaker`]: when a failing side is left alone for a while
//! - [`directory`]: which lane a request belongs to, and the origins of each lane
//! - [`share`]: shares of requests and keys
//! - [`shadow`]: reads that are also sent to the side that does not serve, and how their answers differ
//! - [`turns`]: the order in which held requests go on after a release
//! - [`traffic`]: the write barrier: which writes the isolates have forwarded, and whether all are answered
//! - [`counts`]: what came of the requests of a lane, over all isolates
//! - [`metrics`]: the lanes as text for Prometheus
//! - [`bearer`]: the token of a reader of metrics
//! - [`sizes`]: the sizes by which times of requests are counted
//! - [`admin`]: how an admin call is signed and checked
//! - [`audit`]: the hash-chained log of every accepted change
//! - [`loopback`]: which hosts may be reached without TLS
//! - [`time`]: points in time and lengths of time, as types

pub mod admin;
pub mod audit;
pub mod bearer;
pub mod breaker;
pub mod counts;
pub mod decide;
pub mod directory;
pub mod lane;
pub mod loopback;
pub mod metrics;
pub mod shadow;
pub mod share;
pub mod sizes;
pub mod time;
pub mod traffic;
pub mod turns;

pub use admin::{AdminKey, AdminRefusal, AdminRequest, KeyRing};
pub use audit::{AuditEntry, AuditLog, BrokenChain, ChainHead};
pub use breaker::Breaker;
pub use counts::{Counts, Ended, Tally};
pub use decide::{
    AfterFailure, Decision, LeasedLane, OnFailure, Refused, RequestFacts, after_failed_read, decide, direct,
    shadow_of,
};
pub use directory::{Directory, Origin, Routes};
pub use lane::{Command, Epoch, HeldWrites, LaneRecord, Mode, Phase, Refusal, Side, TargetReads};
pub use loopback::is_loopback;
pub use metrics::LaneFigures;
pub use share::ReadShare;
pub use time::{FractionalMillis, Millis, UnixMillis};
pub use traffic::{Barrier, BuildId, IsolateId, Report, Traffic, WriteTimes};
pub use turns::{Ticket, Turn, Turns};
