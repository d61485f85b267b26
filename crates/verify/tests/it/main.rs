//! Comparisons of real servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails fails its test"
)]

mod away;
mod bad_input;
mod bytes;
mod follow;
mod in_order;
mod large_values;
mod layouts;
mod load;
mod pair;
mod repair;
mod search;
mod sharing;
mod small;
mod types;
