//! The exit statuses that all sub-commands share.

use std::process::ExitCode;

/// The command could not do its work; standard error says why.
pub const COULD_NOT_RUN: u8 = 2;

/// The end of a command: its own status, or its error on standard error.
pub fn ended(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
}
