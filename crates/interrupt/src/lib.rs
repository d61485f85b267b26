//! Ctrl-C and its kin, as an ordinary outcome: so that what runs is stopped in order.

use std::fmt;
use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// The signal that asked us to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: kill.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
}

impl Interrupt {
    /// The exit status a shell expects of a program ended by this signal.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "interrupted (SIGINT)",
            Self::Terminate => "asked to end (SIGTERM)",
            Self::HangUp => "left by its terminal (SIGHUP)",
        })
    }
}

/// Waits for the first of SIGINT, SIGTERM and SIGHUP. The handlers stay: a second signal does not end the process,
/// so stopping the parts is not cut short (and kill -9 is the guards' business).
///
/// # Errors
/// When the handlers cannot be registered.
pub async fn interrupted() -> io::Result<Interrupt> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => Interrupt::Interrupt,
        _ = terminate.recv() => Interrupt::Terminate,
        _ = hang_up.recv() => Interrupt::HangUp,
    })
}

/// Runs `work` unless a signal comes first; then `work` is dropped, which ends the parts it holds.
pub async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Result<T, Interrupt> {
    tokio::select! {
        biased;
        Ok(interrupt) = interrupted() => Err(interrupt),
        result = work => Ok(result),
    }
}
