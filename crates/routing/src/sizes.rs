//! The sizes by which times of requests are counted.

use crate::time::Millis;

/// Upper limits of the sizes in milliseconds; one more size has no limit.
pub const LIMITS: [u64; 14] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000,
];
/// How many sizes there are.
pub const SIZES: usize = LIMITS.len() + 1;

/// The size of a request that took this long.
pub fn of(took: Millis) -> usize {
    LIMITS
        .iter()
        .position(|limit| took.0 <= *limit)
        .unwrap_or(LIMITS.len())
}
