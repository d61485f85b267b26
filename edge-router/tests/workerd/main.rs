//! The built Worker in a real workerd process, between real clients and two real origins.
//!
//! `CROSSOVER_WORKERD` names the workerd binary, `CROSSOVER_WORKER_BUNDLE` the bundle's directory; `cargo
//! xtask test` sets both. Every test has its own edge and origins.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod admin;
mod barrier;
mod contents;
mod cutover;
mod direct;
mod directory;
mod edge;
mod forwarding;
mod held;
mod metrics;
mod modes;
mod origin;
mod reads;
mod shadow;
mod speed;
mod target_reads;
mod turns;
