//! `crossover verify` as users run it, on real servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

mod equality;
mod estimate;
mod interrupt;
mod load;
mod output;
mod pair;
mod refusals;
