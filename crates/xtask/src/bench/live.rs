//! Two servers of which the target follows the source, and the command at work on them.

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

/// Nothing that is waited for takes that long.
const PATIENCE: Duration = Duration::from_mins(10);

/// The servers, filled and replicating, and our program.
pub struct Live {
    pub stand: Stand,
    program: PathBuf,
}

impl Live {
    /// Builds what is needed, starts the servers and fills them; the target then follows.
    pub fn begin(workspace: &Workspace, rows: u64) -> anyhow::Result<Self> {
        build_released(workspace, &[STAND, OURS])?;
        let folder = workspace.target.join("bench/live");
        let holder = released(workspace, "crossover-bench-stand");
        let mut stand = Stand::start(&holder, &workspace.root, &folder, Kind::Replicating)?;
        data::fill(&mut stand, rows)?;
        stand.source("create publication bench for all tables")?;
        let from = stand.source.url.clone();
        // The rows are there already, made by the same statement.
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

    /// Waits until the target has applied everything the source has committed.
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

    /// Asks the source until it says yes.
    fn until(&mut self, question: &str) -> anyhow::Result<()> {
        let since = Instant::now();
        while self.stand.source(question)?.body["source"][0][0] != "t" {
            if since.elapsed() > PATIENCE {
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
        let lines = BufReader::new(child.stdout.take().context("it has no standard output")?).lines();
        let (tell, news) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let heard = serde_json::from_str(&line).map(|news: Value| (Instant::now(), news));
                if heard.is_ok_and(|heard| tell.send(heard).is_err()) {
                    return;
                }
            }
        });
        Ok(Follower {
            child,
            news,
            unheard: Vec::new(),
        })
    }
}

/// `crossover verify --continuous` while it runs.
pub struct Follower {
    child: Child,
    news: Receiver<(Instant, Value)>,
    /// FollowEvent that were not waited for.
    pub unheard: Vec<Value>,
}

impl Follower {
    /// Waits for news of which this is true; when they came, and they.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<(Instant, Value)> {
        loop {
            let (at, news) = self
                .news
                .recv_timeout(PATIENCE)
                .context("the news that are waited for do not come")?;
            if wanted(&news) {
                return Ok((at, news));
            }
            self.unheard.push(news);
        }
    }

    /// Whatever has come so far.
    pub fn drain(&mut self) {
        self.unheard.extend(self.news.try_iter().map(|(_, news)| news));
    }

    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill(Pid::from_raw(i32::try_from(self.child.id())?), signal)?)
    }

    /// The most memory it ever had, in MB; Linux only.
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
