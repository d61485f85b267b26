//! Measures a program from start to end: time, processor time, and peak memory.
//!
//! The operating system keeps the last two as totals over all ended children. So the program to be measured
//! is the only child of a separate process: this executable in the hidden mode `bench measure`. That process
//! is small, because a child's memory counts from the memory of the process that started it.

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use nix::{
    sys::{
        resource::{UsageWho, getrusage},
        signal::{Signal, kill},
        time::TimeValLike,
    },
    unistd::Pid,
};
use serde_json::{Value, json};

/// The arguments of the hidden mode.
#[derive(clap::Args)]
pub struct Arguments {
    /// Kill the program after this number of seconds
    #[arg(long)]
    limit: u64,
    /// The file for the figures
    #[arg(long)]
    figures: PathBuf,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// The hidden mode: runs the program on this process's own standard output and error.
pub fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let [program, rest @ ..] = arguments.command.as_slice() else {
        bail!("no program to measure");
    };
    let since = Instant::now();
    let mut child = Command::new(program)
        .args(rest)
        .spawn()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        // The receiver is waiting.
        let _ = sender.send(child.wait().map(|status| (status, since.elapsed())));
    });
    let in_time = received.recv_timeout(Duration::from_secs(arguments.limit));
    let over_limit = in_time.is_err();
    if over_limit {
        // The program may have ended in the meantime.
        let _ = kill(pid, Signal::SIGKILL);
    }
    let (status, elapsed) = in_time.or_else(|_| received.recv())??;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = (usage.user_time() + usage.system_time()).num_microseconds();
    let figures = json!({
        "elapsed_s": elapsed.as_secs_f64(),
        "cpu_s": cpu as f64 / 1e6,
        "rss_mb": megabytes(usage.max_rss()),
        "exit": exit_status(status),
        "over_limit": over_limit,
    });
    fs::write(&arguments.figures, figures.to_string())
        .with_context(|| format!("{} cannot be written", arguments.figures.display()))
}

/// Linux reports kilobytes, macOS bytes.
fn megabytes(max_rss: i64) -> f64 {
    let per_megabyte = if cfg!(target_os = "macos") {
        1_048_576.0
    } else {
        1024.0
    };
    max_rss as f64 / per_megabyte
}

/// The exit status as a shell reports it.
fn exit_status(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// The result of a measured program.
#[derive(Debug, Clone)]
pub struct Measured {
    pub elapsed_s: f64,
    pub cpu_s: f64,
    pub rss_mb: f64,
    /// Exit status, 128 and more for a signal.
    pub exit: i32,
    /// True if the program was killed at the time limit.
    pub over_limit: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program to its end or to the limit; its output is kept in files of `folder`.
pub fn run(command: &[OsString], limit: Duration, folder: &Path) -> anyhow::Result<Measured> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let [stdout, stderr, figures] = ["stdout", "stderr", "figures.json"].map(|name| folder.join(name));
    let status = Command::new(std::env::current_exe().context("this executable cannot be found")?)
        .args([
            "bench",
            "measure",
            "--limit",
            &limit.as_secs().to_string(),
            "--figures",
        ])
        .arg(&figures)
        .arg("--")
        .args(command)
        // Rich, the output library of both other tools, breaks lines at the width of the terminal.
        .env("COLUMNS", "2000")
        .stdin(Stdio::null())
        .stdout(File::create(&stdout).with_context(|| stdout.display().to_string())?)
        .stderr(File::create(&stderr).with_context(|| stderr.display().to_string())?)
        .status()
        .context("this executable cannot be run")?;
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let stderr = String::from_utf8_lossy(&read(&stderr)?).into_owned();
    if !status.success() {
        bail!("{}", stderr.trim());
    }
    let received: Value = serde_json::from_slice(&read(&figures)?).context("the figures are not JSON")?;
    let number = |name: &str| {
        received[name]
            .as_f64()
            .with_context(|| format!("no {name} was measured"))
    };
    Ok(Measured {
        elapsed_s: number("elapsed_s")?,
        cpu_s: number("cpu_s")?,
        rss_mb: number("rss_mb")?,
        exit: number("exit")? as i32,
        over_limit: received["over_limit"] == true,
        stdout: String::from_utf8_lossy(&read(&stdout)?).into_owned(),
        stderr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(script: &str, limit: u64) -> Value {
        let name = format!("xtask-measure-{}-{limit}.json", std::process::id());
        let figures = std::env::temp_dir().join(name);
        let arguments = Arguments {
            limit,
            figures: figures.clone(),
            command: ["sh", "-c", script].map(OsString::from).to_vec(),
        };
        measure(&arguments).unwrap();
        let received = serde_json::from_slice(&fs::read(&figures).unwrap()).unwrap();
        fs::remove_file(figures).unwrap();
        received
    }

    #[test]
    fn a_program_is_measured_to_its_end() {
        let received = figures("exit 3", 1000);
        assert_eq!(
            (&received["exit"], &received["over_limit"]),
            (&json!(3), &json!(false))
        );
        // A shell does not fit into a tenth of a megabyte: the unit is right.
        assert!(
            received["rss_mb"].as_f64().unwrap() > 0.1 && received["rss_mb"].as_f64().unwrap() < 1000.0,
            "{received}"
        );
    }

    #[test]
    fn a_program_over_the_limit_is_killed() {
        let received = figures("exec sleep 1000", 0);
        assert_eq!(
            (&received["exit"], &received["over_limit"]),
            (&json!(137), &json!(true))
        );
    }
}
