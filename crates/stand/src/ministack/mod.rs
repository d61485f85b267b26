//! MiniStack: Step Functions, Lambda, Secrets Manager, CloudWatch, SNS and DynamoDB on one loopback port.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::environment::Server;
use crate::error::{Result, StandError};
use crate::guard::StopStep;
use crate::parts::Parts;
use crate::ports::{ATTEMPTS, Port, is_free};
use crate::process::{Launch, ManagedProcess};

mod client;
mod functions;
mod resources;
mod state_machines;

pub use client::{Aws, REGION};
pub use functions::{Function, pack};
pub use resources::MetricQuery;
pub use state_machines::{Event, Execution};

/// What messages call it.
const NAME: &str = "ministack";
/// It starts in about 2 s; a cold disk and two busy cores can take ten times that.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Starts MiniStack with TCP_NODELAY on the sockets it serves the Lambda Runtime API on. It writes the head and the body
/// of an event apart; over the connection a Rust runtime keeps open, Nagle's algorithm and delayed acknowledgement
/// then add 43 ms to every invocation, which real Lambda does not have and every pause measured here would.
const LAUNCH: &str = "import runpy, socketserver; socketserver.StreamRequestHandler.disable_nagle_algorithm = True; \
                      runpy.run_module('ministack', run_name='__main__', alter_sys=True)";

/// The running local AWS. Everything in it is lost when it ends.
#[derive(Debug)]
pub struct MiniStack {
    part: ManagedProcess,
    aws: Aws,
}

impl MiniStack {
    /// Starts it with its files and its log in `dir`. Lambda functions run as its children, natively, and end with it.
    ///
    /// # Errors
    /// A fixed port that is taken; its last log lines when it does not start.
    pub async fn start(parts: &Parts, dir: &Path, port: Port) -> Result<Self> {
        let dir = std::path::absolute(dir).map_err(StandError::io("finding", dir))?;
        let files = dir.join("ministack");
        fs::create_dir_all(&files).map_err(StandError::io("creating", &files))?;
        let mut attempt = 1;
        loop {
            let number = port.pick(NAME)?;
            match start_on(parts, &dir, &files, number).await {
                Err(_) if port == Port::Free && !is_free(number) && attempt < ATTEMPTS => attempt += 1,
                started => return started,
            }
        }
    }

    /// A client for setting up what a run needs.
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Ends it and every Lambda process it has started.
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
    let mut part = Launch::new(NAME, parts.ministack_python(), dir.join("ministack.log"))
        .args(["-c", LAUNCH])
        .only_given_env()
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", REGION)
        .env("LAMBDA_EXECUTOR", "local")
        // It unpacks the functions there, under names that hold its port.
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
