//! Complete rehearsals on real servers, with and without planned faults.
//!
//! `cargo xtask test` builds the command and sets the variable `CROSSOVER_BIN` to its path. The files of a
//! scenario (report, logs) are under `tmp/` of the target folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bad_input;
mod called_alone;
mod command;
mod completion;
mod crashes;
mod cutover;
mod distributed;
mod dry_run;
mod endings;
mod losing;
mod operate;
mod operator;
mod rights;
mod second_interpreter;
mod series;
mod setup;
mod slow_writes;
mod state_machines;
mod terraform;
mod workflow;
