//! Two servers of which the target replicates the source, and `crossover verify` on both.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    bench::{
        data::{self, TABLE},
        programs::{OURS, STAND, build_released, released},
        stand::{Kind, Stand},
    },
    workspace::Workspace,
};

/// Far longer than any awaited event takes.
const WAIT_LIMIT: Duration = Duration::from_mins(10);

/// The filled and replicating servers, and the program under test.
pub struct Live {
    pub stand: Stand,
    program: PathBuf,
}

impl Live {
    /// Builds the programs, starts the servers and fills them; then the target replicates the source.
    pub fn begin(workspace: &Workspace, rows: u64) -> anyhow::Result<Self> {
        build_released(workspace, &[STAND, OURS])?;
        let folder = workspace.target.join("bench/live");
        let holder = released(workspace, "crossover-bench-stand");
        let mut stand = Stand::start(&holder, &workspace.root, &folder, Kind::Replicating)?;
        data::fill(&mut stand, rows)?;
        stand.source("create publication bench for all tables")?;
        let from = stand.source.url.clone();
        // Both sides already have the rows, created by the same statement.
        stand.target(&format!(
            "create subscription bench connection '{from}' publication bench with (copy_data = false)"
        ))?;
        let mut live = Self {
            stand,
            program: released(workspace, "crossover"),
        };
        live.caught_up()?;
        Ok(live)
    }

    /// Waits until the target has applied everything that the source has committed.
    pub fn caught_up(&mut self) -> anyhow::Result<()> {
        let position = self.stand.source("select pg_current_wal_lsn()")?;
        let position = position.body["source"][0][0]
            .as_str()
            .context("no position")?
            .to_owned();
        let question = format!(
            "select coalesce(bool_and(replay_lsn >= '{position}'), false) from pg_stat_replication where application_name = 'bench'"
        );
        self.until(&question)
    }

    /// Repeats a query on the source until its result is true.
    fn until(&mut self, question: &str) -> anyhow::Result<()> {
        let since = Instant::now();
        while self.stand.source(question)?.body["source"][0][0] != "t" {
            if since.elapsed() > WAIT_LIMIT {
                bail!("never became true: {question}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// `crossover verify` on the bench's table.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["verify", "--json", "--tables", TABLE])
            .args([
                "--source",
                &self.stand.source.url,
                "--target",
                &self.stand.target.url,
            ])
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub fn follow(&self, checkpoint: &Path) -> anyhow::Result<Follower> {
        let mut child = self
            .command(&["--continuous", "--checkpoint"])
            .arg(checkpoint)
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(
            child
                .stdout
                .take()
                .context("the program has no standard output")?,
        )
        .lines();
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let received = serde_json::from_str(&line).map(|message: Value| (Instant::now(), message));
                if received.is_ok_and(|received| sender.send(received).is_err()) {
                    return;
                }
            }
        });
        Ok(Follower {
            child,
            messages,
            other_messages: Vec::new(),
        })
    }
}

/// A running `crossover verify --continuous`.
pub struct Follower {
    child: Child,
    messages: Receiver<(Instant, Value)>,
    /// Events that arrived while waiting for another event.
    pub other_messages: Vec<Value>,
}

impl Follower {
    /// Waits for an event that matches `wanted`; returns its arrival time and the event.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<(Instant, Value)> {
        loop {
            let (at, message) = self
                .messages
                .recv_timeout(WAIT_LIMIT)
                .context("the awaited event did not arrive")?;
            if wanted(&message) {
                return Ok((at, message));
            }
            self.other_messages.push(message);
        }
    }

    /// Reads all events that have arrived so far.
    pub fn drain(&mut self) {
        self.other_messages
            .extend(self.messages.try_iter().map(|(_, message)| message));
    }

    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill(Pid::from_raw(i32::try_from(self.child.id())?), signal)?)
    }

    /// The program's peak memory, in MB; Linux only.
    pub fn peak_mb(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes / 1024.0)
    }

    pub fn end(mut self) -> anyhow::Result<()> {
        self.signal(Signal::SIGINT)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
