//! The owner of all running processes.

use crate::error::{Result, StandError};
use crate::process::ManagedProcess;

/// A started server that can be split into its process and the data needed to use it.
pub trait Server {
    /// Addresses, credentials and clients of the server.
    type Access;

    /// Splits the process from the access.
    fn split(self) -> (ManagedProcess, Self::Access);
}

/// Owns running processes and ends them in the reverse order of their start: in an orderly way by
/// [`TestEnvironment::stop`], at once by drop.
#[derive(Debug, Default)]
pub struct TestEnvironment {
    parts: Vec<ManagedProcess>,
}

impl TestEnvironment {
    /// An empty environment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes ownership of a server and returns the access to it.
    pub fn own<S: Server>(&mut self, server: S) -> S::Access {
        let (part, access) = server.split();
        self.parts.push(part);
        access
    }

    /// Takes ownership of a process.
    pub fn own_process(&mut self, part: ManagedProcess) {
        self.parts.push(part);
    }

    /// The names of processes that have ended without being stopped, in the order of their start.
    pub fn ended(&mut self) -> Result<Vec<String>> {
        let mut ended = Vec::new();
        for part in &mut self.parts {
            if part.has_ended()?.is_some() {
                ended.push(part.name().to_owned());
            }
        }
        Ok(ended)
    }

    /// The first process that has ended without being stopped, with its last log lines.
    pub fn exited(&mut self) -> Result<Option<StandError>> {
        for part in &mut self.parts {
            if let Some(fall) = part.fall()? {
                return Ok(Some(fall));
            }
        }
        Ok(None)
    }

    /// Stops every process, the last started first. All are stopped even if one fails; the first error is
    /// returned.
    pub async fn stop(mut self) -> Result<()> {
        let mut outcome = Ok(());
        while let Some(part) = self.parts.pop() {
            outcome = outcome.and(part.stop().await);
        }
        outcome
    }
}

impl Drop for TestEnvironment {
    fn drop(&mut self) {
        while self.parts.pop().is_some() {}
    }
}
