//! workerd, the runtime of Cloudflare Workers, with a given configuration.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::environment::Server;
use crate::error::{Result, StandError};
use crate::guard::StopStep;
use crate::parts::Parts;
use crate::process::{Launch, ManagedProcess};

const NAME: &str = "workerd";
/// A start usually takes less than a second.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running Worker.
#[derive(Debug)]
pub struct Workerd {
    part: ManagedProcess,
    url: String,
}

impl Workerd {
    /// Starts workerd with a Cap'n Proto configuration and waits until it serves requests on `port`, which
    /// must be the port of one of the configuration's sockets (on 127.0.0.1). The log is in `dir`.
    ///
    /// The configuration contains the port, so the caller chooses it ([`crate::ports::free`], or
    /// [`crate::Port::pick`] for a port fixed by the user) and chooses another one if the port is in use.
    ///
    /// # Errors
    /// [`StandError::PortTaken`], or the last log lines if the start fails.
    pub async fn start(parts: &Parts, config: &Path, port: u16, dir: &Path) -> Result<Self> {
        if !crate::ports::is_free(port) {
            return Err(StandError::PortTaken {
                part: NAME.to_owned(),
                port,
            });
        }
        let config = std::path::absolute(config).map_err(StandError::io("finding", config))?;
        let mut part = Launch::new(NAME, parts.workerd(), dir.join("workerd.log"))
            .args(["serve", "--experimental", "--import-path=/"])
            .args([&config])
            .only_given_env()
            .stop_with([StopStep::new(Signal::SIGTERM, 3)])
            .start()?;
        part.until_ready(START_LIMIT, || serves(port)).await?;
        Ok(Self {
            part,
            url: format!("http://127.0.0.1:{port}"),
        })
    }

    /// The Worker's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends workerd; its connections are closed.
    pub async fn stop(self) -> Result<()> {
        self.part.stop().await
    }
}

impl Server for Workerd {
    type Access = String;

    fn split(self) -> (ManagedProcess, String) {
        (self.part, self.url)
    }
}

/// Whether requests are served. An accepted connection is not enough: workerd listens before it has loaded
/// the Worker, and ends if loading fails. So this check sends an invalid request, which workerd answers
/// without the Worker.
async fn serves(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"READY?\r\n\r\n").await?;
        let mut answer = [0; 9];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    tokio::time::timeout(Duration::from_secs(1), ask)
        .await
        .is_ok_and(|answer| matches!(answer, Ok(a) if &a == b"HTTP/1.1 "))
}
