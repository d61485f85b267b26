//! A Worker in a workerd of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{
    bench::{cpu, edge::origin::Origin},
    workspace::Workspace,
};

/// The module that the runtime starts with.
pub const ENTRY: &str = "shim.js";

/// The key of the admin API.
pub const KEY_ID: &str = "bench";

pub fn key() -> String {
    "c0".repeat(32)
}

/// Runs workerd until the end of standard input, so that it ends with the bench, however the bench ends. The
/// first line of output is workerd's process id.
const GUARD: &str =
    r#"trap '' INT TERM; "$@" <&- & echo $!; exec >&-; read -r end; kill -KILL $! 2>/dev/null; wait"#;

/// A running Worker with a new lane; ends with this value.
pub struct Worker {
    pub address: SocketAddr,
    /// Process id of workerd.
    pid: u32,
    guard: Child,
}

impl Worker {
    pub fn start(
        workspace: &Workspace,
        workerd: &Path,
        bundle: &Path,
        origins: &[Origin; 2],
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let lanes = folder.join("lanes");
        fs::create_dir_all(&lanes)?;
        let bundle = bundle
            .canonicalize()
            .with_context(|| bundle.display().to_string())?;
        let config = folder.join("edge.capnp");
        fs::write(&config, configuration(workspace, &bundle, origins, &lanes)?)?;
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(workerd)
            .args(["serve", "--import-path=/", "--control-fd=1"])
            .arg(&config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("sh cannot be run")?;
        let output = guard.stdout.take();
        let mut worker = Self {
            address: origins[0].address,
            pid: 0,
            guard,
        };
        let mut output = BufReader::new(output.context("workerd has no standard output")?);
        let mut pid = String::new();
        output.read_line(&mut pid)?;
        worker.pid = pid.trim().parse().context("workerd has no process id")?;
        worker.address = SocketAddr::from(([127, 0, 0, 1], port(&mut output)?));
        // Keep reading: a full pipe would block workerd.
        thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Ok(worker)
    }

    /// Processor seconds of workerd since its start.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu::of_process(self.pid).context("/proc does not tell the CPU of workerd")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// The port that workerd reports when it listens.
fn port(output: &mut BufReader<ChildStdout>) -> anyhow::Result<u16> {
    for line in output.lines() {
        let event: Value = serde_json::from_str(&line?).unwrap_or_default();
        if event["event"] == "listen" {
            return Ok(u16::try_from(event["port"].as_u64().context("no port")?)?);
        }
    }
    bail!("workerd ended before it listened; its output is above")
}

/// The configuration of workerd. The earlier Worker gets the same one, whatever its own checkout has.
fn configuration(
    workspace: &Workspace,
    bundle: &Path,
    origins: &[Origin; 2],
    lanes: &Path,
) -> anyhow::Result<Vec<u8>> {
    let [source, target] = origins.each_ref().map(Origin::url);
    let output = workspace
        .cargo()
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "worker-bundle",
            "--",
            "config",
        ])
        .args([bundle.as_os_str(), "127.0.0.1:0".as_ref(), lanes.as_os_str()])
        .arg("LANE=main")
        .arg(format!("SOURCE_ORIGIN={source}"))
        .arg(format!("TARGET_ORIGIN={target}"))
        .arg(format!(r#"ORIGINS=["{source}", "{target}"]"#))
        .arg(format!(r#"ADMIN_KEYS={{"{KEY_ID}": "{}"}}"#, key()))
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be run")?;
    if !output.status.success() {
        bail!(
            "worker-bundle has made no configuration for {}; see above",
            bundle.display()
        );
    }
    Ok(output.stdout)
}

/// What workerd says of its version.
pub fn version(workerd: &Path) -> anyhow::Result<String> {
    let output = Command::new(workerd)
        .arg("--version")
        .output()
        .with_context(|| format!("{} cannot be run", workerd.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
