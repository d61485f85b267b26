//! moto: a second interpreter of state machines beside MiniStack, with an implementation of its own. It enforces the
//! time limits of states, which MiniStack does not do everywhere.
//!
//! It runs no functions: its calls of functions go to an address of the caller's, who answers them.

use std::{path::Path, time::Duration};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::{
    error::{Result, StandError},
    guard::StopStep,
    loopback,
    ministack::Aws,
    parts::Parts,
    ports::Port,
    process::{Launch, ManagedProcess},
};

const NAME: &str = "moto";
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running moto.
#[derive(Debug)]
pub struct Moto {
    part: ManagedProcess,
    aws: Aws,
}

impl Moto {
    /// Starts moto with its log in `dir`. `functions` is the port on this machine that answers
    /// `POST /2015-03-31/functions/{name}/invocations`.
    ///
    /// # Errors
    /// With the last log lines if the start fails.
    pub async fn start(parts: &Parts, dir: &Path, functions: u16) -> Result<Self> {
        Port::Free
            .start(NAME, |port| start_on(parts, dir, functions, port))
            .await
    }

    /// A client of its API.
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Ends moto.
    pub async fn stop(self) -> Result<(), StandError> {
        self.part.stop().await
    }
}

async fn start_on(parts: &Parts, dir: &Path, functions: u16, port: u16) -> Result<Moto> {
    let mut part = Launch::new(NAME, parts.python(), dir.join("moto.log"))
        .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
        .only_given_env()
        // Where moto looks for the services that its state machines call.
        .env("MOTO_PORT", functions.to_string())
        .env("PYTHONUNBUFFERED", "1")
        .dir(dir)
        .stop_with([StopStep::new(Signal::SIGTERM, 3)])
        .start()?;
    let aws = Aws::new(port);
    // Without this setting an execution ends as soon as it begins.
    let interpret = || async {
        loopback::http()
            .build()
            .unwrap_or_default()
            .post(format!("{}/moto-api/config", aws.endpoint()))
            .json(&json!({ "stepfunctions": { "execute_state_machine": true } }))
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
    };
    part.until_ready(START_LIMIT, interpret).await?;
    Ok(Moto { part, aws })
}
