//! The owner of everything that runs.

use crate::error::{Result, StandError};
use crate::process::ManagedProcess;

/// A started server that can be split into its process and what is needed to use it.
pub trait Server {
    /// How the server is used: addresses, credentials, clients.
    type Access;

    /// Gives up the process.
    fn split(self) -> (ManagedProcess, Self::Access);
}

/// Owns running parts and ends them in the reverse order of their start: gently by [`TestEnvironment::stop`], at once by drop.
#[derive(Debug, Default)]
pub struct TestEnvironment {
    parts: Vec<ManagedProcess>,
}

impl TestEnvironment {
    /// An empty stand.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over a server and returns the way to use it.
    pub fn own<S: Server>(&mut self, server: S) -> S::Access {
        let (part, access) = server.split();
        self.parts.push(part);
        access
    }

    /// Takes over a process.
    pub fn own_process(&mut self, part: ManagedProcess) {
        self.parts.push(part);
    }

    /// The names of parts that have ended by themselves, in the order of their start.
    pub fn ended(&mut self) -> Result<Vec<String>> {
        let mut ended = Vec::new();
        for part in &mut self.parts {
            if part.has_ended()?.is_some() {
                ended.push(part.name().to_owned());
            }
        }
        Ok(ended)
    }

    /// The first part that has ended by itself, with its last log lines.
    pub fn exited(&mut self) -> Result<Option<StandError>> {
        for part in &mut self.parts {
            if let Some(fall) = part.fall()? {
                return Ok(Some(fall));
            }
        }
        Ok(None)
    }

    /// Stops every part, the last started first. All are stopped even if one fails; the first error is returned.
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
