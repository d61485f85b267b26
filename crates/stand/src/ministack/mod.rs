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

/// Starts MiniStack with TCP_NODELAY on the sockets of its Lambda Runtime API. MiniStack writes the head and
/// the body of an event separately; on the connection that a Rust runtime keeps open, Nagle's algorithm and
/// delayed acknowledgements would add 43 ms to every invocation. Real Lambda has no such delay, but every
/// pause measured here would contain it.
const LAUNCH: &str = "import runpy, socketserver; socketserver.StreamRequestHandler.disable_nagle_algorithm = True; \
                      runpy.run_module('ministack', run_name='__main__', alter_sys=True)";

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
