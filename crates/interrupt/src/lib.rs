//! SIGINT, SIGTERM and SIGHUP, returned as a value, so that a program stops its parts in order.

use std::fmt;
use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: kill.
    Terminate,
    /// SIGHUP: the terminal was closed.
    HangUp,
}

impl Interrupt {
    /// The exit status that shells use for a program ended by this signal: 128 plus the signal's number.
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
            Self::HangUp => "terminal closed (SIGHUP)",
        })
    }
}

/// Waits for the first of SIGINT, SIGTERM and SIGHUP. The handlers stay installed: a second signal does not
/// end the process, so stopping the parts is not cut short. (After kill -9 the guard processes stop the
/// parts.)
///
/// # Errors
/// If the handlers cannot be registered.
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

/// Runs `work` until it ends or a signal arrives. A signal drops `work`, which stops the parts that `work`
/// holds.
pub async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Result<T, Interrupt> {
    tokio::select! {
        biased;
        Ok(interrupt) = interrupted() => Err(interrupt),
        result = work => Ok(result),
    }
}
