//! The two servers, run by `crossover-bench-stand`, because this program must not contain a database driver.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// One of the servers.
pub struct Server {
    /// A connection string, password included: the server ends with the bench and listens on loopback only.
    pub url: String,
    /// Process id of its postmaster.
    pub pid: u32,
    /// The settings during the measurement.
    pub settings: Value,
}

/// The use of the servers.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Rows that do not change.
    Static,
    /// The target can replicate the source.
    Replicating,
}

/// Both servers, with methods to run statements on them. The servers end with this value, however this
/// program ends.
pub struct Stand {
    pub source: Server,
    pub target: Server,
    requests: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
    holder: Child,
}

/// The answer to a request.
pub struct Answer {
    pub elapsed_s: f64,
    /// The answer of each side, under `source` and `target`.
    pub body: Value,
}

impl Stand {
    /// Starts the servers; their progress is shown on the terminal.
    pub fn start(program: &Path, root: &Path, folder: &Path, kind: Kind) -> anyhow::Result<Self> {
        let mut holder = Command::new(program)
            .args([root, folder])
            .args(matches!(kind, Kind::Replicating).then_some("--replicating"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        let requests = holder.stdin.take();
        let output = holder.stdout.take().context("the stand has no standard output")?;
        let mut answers = BufReader::new(output).lines();
        let hello = next(&mut answers)?;
        Ok(Self {
            source: server(&hello["source"])?,
            target: server(&hello["target"])?,
            requests,
            answers,
            holder,
        })
    }

    /// Runs statements on both servers at once.
    pub fn both(&mut self, sql: &str) -> anyhow::Result<Answer> {
        self.ask(&json!({ "both": sql }))
    }

    /// Runs statements on the source.
    pub fn source(&mut self, sql: &str) -> anyhow::Result<Answer> {
        self.ask(&json!({ "source": sql }))
    }

    /// Runs statements on the target.
    pub fn target(&mut self, sql: &str) -> anyhow::Result<Answer> {
        self.ask(&json!({ "target": sql }))
    }

    /// Runs a `copy ... to stdout` on both at once and discards the data.
    pub fn discard(&mut self, copy: &str) -> anyhow::Result<Answer> {
        self.ask(&json!({ "discard": copy }))
    }

    /// Ends every session except the program's own; returns when they are gone.
    pub fn end_sessions(&mut self) -> anyhow::Result<()> {
        self.ask(&json!("end_sessions")).map(drop)
    }

    /// Begins to run statements on the source, `per_s` times a second.
    pub fn load(&mut self, sql: &str, per_s: u32) -> anyhow::Result<()> {
        self.ask(&json!({ "load": { "sql": sql, "per_s": per_s } }))
            .map(drop)
    }

    /// Ends all loads; returns how often each ran.
    pub fn end_loads(&mut self) -> anyhow::Result<Vec<u64>> {
        let answer = self.ask(&json!("end_loads"))?;
        let counts = answer.body["source"].as_array().into_iter().flatten();
        Ok(counts.filter_map(Value::as_u64).collect())
    }

    pub fn postmasters(&self) -> [u32; 2] {
        [self.source.pid, self.target.pid]
    }

    fn ask(&mut self, request: &Value) -> anyhow::Result<Answer> {
        let requests = self
            .requests
            .as_mut()
            .context("the servers' program takes no more requests")?;
        writeln!(requests, "{request}").context("the servers' program has ended unexpectedly")?;
        let body = next(&mut self.answers)?;
        if let Some(error) = body["error"].as_str() {
            bail!("{error}");
        }
        let elapsed_s = body["elapsed_s"]
            .as_f64()
            .context("the answer has no elapsed_s")?;
        Ok(Answer { elapsed_s, body })
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        // The program ends at the end of its input; waiting for it ensures that no process is left.
        drop(self.requests.take());
        let _ = self.holder.wait();
    }
}

fn next(answers: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<Value> {
    let line = answers
        .next()
        .context("the servers' program has ended unexpectedly; see the lines above")??;
    serde_json::from_str(&line).context("an answer of the servers' program is not JSON")
}

fn server(description: &Value) -> anyhow::Result<Server> {
    let pid = description["pid"]
        .as_u64()
        .and_then(|pid| u32::try_from(pid).ok());
    Ok(Server {
        url: description["url"]
            .as_str()
            .context("the answer has no url")?
            .to_owned(),
        pid: pid.context("the answer has no pid")?,
        settings: description["settings"].clone(),
    })
}
