//! The times that bound leases, holds and pins.

use crate::time::Millis;

/// How long an isolate may route writes after asking the lane, while no cutover is planned.
pub const SERVE_LEASE: Millis = Millis(5_000);
/// The lease after a cutover is announced: every isolate reads the lane at least this often.
pub const ARMED_LEASE: Millis = Millis(1_000);
/// Longest permitted hold of a plan: see docs/cutover-protocol.md, "The pause".
pub const MAX_HOLD: Millis = Millis(20_000);
/// Longest accepted pin. A target that lags for longer should answer no reads.
pub const MAX_PIN: Millis = Millis(3_600_000);
