//! The two servers, held by `crossover-bench-stand`: this program has no database driver, and is to have none.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// One of the servers.
pub struct Server {
    /// A connection string, password included: the server lives as long as the bench and listens on loopback only.
    pub url: String,
    /// Its postmaster.
    pub pid: u32,
    /// What it was measured with.
    pub settings: Value,
}

/// What the servers are for.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Rows that stand still.
    Still,
    /// The target can follow the source.
    Replicating,
}

/// Both, and the way to run statements on them. They end with it, however this program ends.
pub struct Stand {
    pub source: Server,
    pub target: Server,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
    holder: Child,
}

/// What came back for an order.
pub struct Answer {
    pub elapsed_s: f64,
    /// What each side said, under `source` and `target`.
    pub body: Value,
}

impl Stand {
    /// Starts the servers; their progress goes to the terminal.
    pub fn start(program: &Path, root: &Path, folder: &Path, kind: Kind) -> anyhow::Result<Self> {
        let mut holder = Command::new(program)
            .args([root, folder])
            .args(matches!(kind, Kind::Replicating).then_some("--replicating"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        let orders = holder.stdin.take();
        let output = holder.stdout.take().context("the stand has no standard output")?;
        let mut answers = BufReader::new(output).lines();
        let hello = next(&mut answers)?;
        Ok(Self {
            source: server(&hello["source"])?,
            target: server(&hello["target"])?,
            orders,
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

    /// Runs a `copy ... to stdout` on both at once and throws away what comes.
    pub fn discard(&mut self, copy: &str) -> anyhow::Result<Answer> {
        self.ask(&json!({ "discard": copy }))
    }

    /// Ends every session but the stand's own; returns when they are gone.
    pub fn quiet(&mut self) -> anyhow::Result<()> {
        self.ask(&json!("quiet")).map(drop)
    }

    /// Begins to run statements on the source, so many times a second.
    pub fn load(&mut self, sql: &str, per_s: u32) -> anyhow::Result<()> {
        self.ask(&json!({ "load": { "sql": sql, "per_s": per_s } }))
            .map(drop)
    }

    /// Ends all loads; how often each ran.
    pub fn rest(&mut self) -> anyhow::Result<Vec<u64>> {
        let answer = self.ask(&json!("rest"))?;
        let counts = answer.body["source"].as_array().into_iter().flatten();
        Ok(counts.filter_map(Value::as_u64).collect())
    }

    /// The postmasters.
    pub fn postmasters(&self) -> [u32; 2] {
        [self.source.pid, self.target.pid]
    }

    fn ask(&mut self, order: &Value) -> anyhow::Result<Answer> {
        let orders = self
            .orders
            .as_mut()
            .context("the stand takes no orders any more")?;
        writeln!(orders, "{order}").context("the stand has ended by itself")?;
        let body = next(&mut self.answers)?;
        if let Some(error) = body["error"].as_str() {
            bail!("{error}");
        }
        let elapsed_s = body["elapsed_s"]
            .as_f64()
            .context("the stand does not say how long it took")?;
        Ok(Answer { elapsed_s, body })
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        // The end of its input is what ends it; waiting for it keeps the promise that nothing is left.
        drop(self.orders.take());
        let _ = self.holder.wait();
    }
}

fn next(answers: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<Value> {
    let line = answers
        .next()
        .context("the stand has ended by itself; the lines above say why")??;
    serde_json::from_str(&line).context("an answer of the stand is not JSON")
}

fn server(told: &Value) -> anyhow::Result<Server> {
    let pid = told["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    Ok(Server {
        url: told["url"]
            .as_str()
            .context("the stand names no address")?
            .to_owned(),
        pid: pid.context("the stand names no process")?,
        settings: told["settings"].clone(),
    })
}
