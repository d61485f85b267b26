//! Whole rehearsals on real parts: the good ones, and those in which something is broken on purpose.
//!
//! `cargo xtask test` builds the programs that are named in the environment: `CROSSOVER_BIN` (the command) and
//! `CROSSOVER_FAULTY_STAGE`. What a scenario leaves (report, logs) is under `tmp/` of the target folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bad_input;
mod command;
mod crashes;
mod cutover;
mod distributed;
mod dry_run;
mod endings;
mod losing;
mod state_machines;
mod theatre;
