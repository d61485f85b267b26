//! MiniStack: Step Functions, Lambda, Secrets Manager, CloudWatch, SNS and DynamoDB on one loopback port.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::environment::Server;
use crate::error::{Result, StandError};
use crate::guard::StopStep;
use crate::parts::Parts;
use crate::ports::Port;
use crate::process::{Launch, ManagedProcess};

mod client;
mod functions;
mod resources;
mod state_machines;

pub use client::{ACCOUNT, Aws, REGION};
pub use functions::{Function, pack};
pub use resources::MetricQuery;
pub use state_machines::{Event, Execution};

/// The name in messages.
const NAME: &str = "ministack";
/// A start takes about 2 s; a cold disk and two busy cores can take ten times as long.
const START_LIMIT: Duration = Duration::from_mins(1);

/// The program of the Python that starts it, with changes to its servers.
const LAUNCH: &str = include_str!("launch.py");

/// The running local AWS. All its data is lost when the process ends.
#[derive(Debug)]
pub struct MiniStack {
    part: ManagedProcess,
    aws: Aws,
}

impl MiniStack {
    /// Starts MiniStack with its files and its log in `dir`. Lambda functions run as its child processes,
    /// natively, and end with it.
    ///
    /// # Errors
    /// If a fixed port is in use, or with the last log lines if the start fails.
    pub async fn start(parts: &Parts, dir: &Path, port: Port) -> Result<Self> {
        let dir = std::path::absolute(dir).map_err(StandError::io("finding", dir))?;
        let files = dir.join("ministack");
        fs::create_dir_all(&files).map_err(StandError::io("creating", &files))?;
        port.start(NAME, |number| start_on(parts, &dir, &files, number))
            .await
    }

    /// A client to set up the resources of a run.
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Ends MiniStack and every Lambda process.
    pub async fn stop(self) -> Result<()> {
        self.part.stop().await
    }
}

impl Server for MiniStack {
    type Access = Aws;

    fn split(self) -> (ManagedProcess, Aws) {
        (self.part, self.aws)
    }
}

async fn start_on(parts: &Parts, dir: &Path, files: &Path, port: u16) -> Result<MiniStack> {
    let mut part = Launch::new(NAME, parts.python(), dir.join("ministack.log"))
        .args(["-c", LAUNCH])
        .only_given_env()
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", REGION)
        .env("LAMBDA_EXECUTOR", "local")
        // MiniStack unpacks the functions there, under names that contain its port.
        .env("TMPDIR", files)
        .env("PYTHONUNBUFFERED", "1")
        .dir(files)
        .stop_with([StopStep::new(Signal::SIGTERM, 3)])
        .start()?;
    let aws = Aws::new(port);
    let client = &aws;
    part.until_ready(START_LIMIT, || client.is_healthy()).await?;
    Ok(MiniStack { part, aws })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::Silent;
    use crate::parts::{Set, ensure};
    use crate::postgres::workspace_root;

    /// The first line of the answer; empty if the connection is closed instead.
    async fn answer(connection: &mut TcpStream, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: local\r\n\r\n");
        let mut answer = Vec::new();
        if connection.write_all(request.as_bytes()).await.is_ok() {
            while !answer.ends_with(b"ok") && matches!(connection.read_buf(&mut answer).await, Ok(1..)) {}
        }
        let text = String::from_utf8(answer).unwrap();
        text.lines().next().unwrap_or_default().trim().to_owned()
    }

    #[tokio::test]
    async fn a_connection_is_kept_open_however_long_it_is_idle() {
        let parts = ensure(&workspace_root(), Set::Rehearsal, &Silent).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            dir.path().join("local_server.py"),
            include_str!("launch_test_server.py"),
        )
        .unwrap();
        let port = crate::ports::free().unwrap();
        let mut server = Launch::new("a server", parts.python(), dir.path().join("log"))
            .args(["-c", LAUNCH, "local_server"])
            .only_given_env()
            .env("PYTHONPATH", dir.path().display().to_string())
            .env("PORT", port.to_string())
            .start()
            .unwrap();
        let connect = || TcpStream::connect(("127.0.0.1", port));
        let is_up = || async move { connect().await.is_ok() };
        server.until_ready(START_LIMIT, is_up).await.unwrap();
        let (mut idle, mut other) = (connect().await.unwrap(), connect().await.unwrap());
        assert_eq!(answer(&mut idle, "/").await, "HTTP/1.1 200");
        assert_eq!(answer(&mut other, "/later").await, "HTTP/1.1 200");
        assert_eq!(answer(&mut idle, "/").await, "HTTP/1.1 200");
    }
}
