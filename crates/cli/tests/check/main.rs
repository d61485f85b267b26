//! `crossover check` as users run it, on real servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

mod findings;
mod interrupt;
mod migration;
mod output;
mod prepare;
mod refusals;
mod size;
mod unchanged;
