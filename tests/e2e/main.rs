//! Whole rehearsals on real parts: the good ones, and those in which something is broken on purpose.
//!
//! `cargo xtask test` builds the command and names it in the environment: `CROSSOVER_BIN`. What a scenario leaves (report,
//! logs) is under `tmp/` of the target folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bad_input;
mod command;
mod crashes;
mod cutover;
mod distributed;
mod dry_run;
mod endings;
mod losing;
mod setup;
mod state_machines;
