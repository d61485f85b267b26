//! Starts a program under a guard, watches the program, and ends it.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::error::{Result, StandError};
use crate::guard::{RESTART, STOP, STOP_KEEPING_DATA, StopStep, guard_command};

/// How many log lines an error shows.
const TAIL_LINES: usize = 20;
/// Interval between two checks of a process or a port: short in comparison with every start time here, and
/// cheap.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// A program to be started under a guard.
#[derive(Debug)]
pub struct Launch {
    name: String,
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    only_env: bool,
    dir: Option<PathBuf>,
    log: PathBuf,
    open_log: Option<File>,
    stop: Vec<StopStep>,
    run_as: Option<(u32, u32)>,
    remove: Vec<PathBuf>,
    remove_if_stopped: Vec<PathBuf>,
}

impl Launch {
    /// `name` is the name in messages; both outputs of the program are appended to the file `log`.
    pub fn new(name: impl Into<String>, program: impl AsRef<OsStr>, log: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            only_env: false,
            dir: None,
            log: log.into(),
            open_log: None,
            stop: vec![StopStep::new(Signal::SIGTERM, 5)],
            run_as: None,
            remove: Vec::new(),
            remove_if_stopped: Vec::new(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Passes only PATH, HOME and the language from the current environment: the user's AWS profile or proxy
    /// must not change the behaviour of a part.
    #[must_use]
    pub fn only_given_env(mut self) -> Self {
        self.only_env = true;
        self
    }

    /// Uses an open, possibly locked log. The program inherits the file, so a lock lasts as long as the
    /// program, even after the end of this process.
    #[must_use]
    pub fn log_to(mut self, log: File) -> Self {
        self.open_log = Some(log);
        self
    }

    /// Sets the working folder.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// How the program is ended: each signal with its time, then SIGKILL. On drop, or after the end of this
    /// process, only the last signal is sent.
    #[must_use]
    pub fn stop_with(mut self, steps: impl Into<Vec<StopStep>>) -> Self {
        self.stop = steps.into();
        self
    }

    /// Runs as another user (only possible as root).
    #[must_use]
    pub fn run_as(mut self, ids: Option<(u32, u32)>) -> Self {
        self.run_as = ids;
        self
    }

    /// A folder that the guard removes after the program has ended, in every case.
    #[must_use]
    pub fn remove_when_done(mut self, folder: impl Into<PathBuf>) -> Self {
        self.remove.push(folder.into());
        self
    }

    /// A folder that the guard removes if this process has ended the program or has itself ended. The folder
    /// stays, with the log in it, if the program ended on its own.
    #[must_use]
    pub fn remove_if_stopped(mut self, folder: impl Into<PathBuf>) -> Self {
        self.remove_if_stopped.push(folder.into());
        self
    }

    /// Starts the program, which may not be ready yet ([`ManagedProcess::until_ready`]).
    pub fn start(self) -> Result<ManagedProcess> {
        let log = match self.open_log {
            Some(log) => log,
            None => open_log(&self.log)?,
        };
        let errors = log.try_clone().map_err(StandError::io("opening", &self.log))?;
        let mut command = guard_command()?;
        for step in &self.stop {
            command.args(["--stop", &step.to_argument()]);
        }
        if let Some((uid, gid)) = self.run_as {
            command.args(["--run-as", &format!("{uid}:{gid}")]);
        }
        for folder in &self.remove {
            command.arg("--remove").arg(folder);
        }
        for folder in &self.remove_if_stopped {
            command.arg("--remove-if-stopped").arg(folder);
        }
        command.arg("--").arg(&self.program).args(&self.args);
        if self.only_env {
            command.env_clear();
            for name in ["PATH", "HOME", "LANG", "LC_ALL"] {
                if let Some(value) = std::env::var_os(name) {
                    command.env(name, value);
                }
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .process_group(0);
        let mut guard = command
            .spawn()
            .map_err(StandError::io("starting the guard", command.get_program()))?;
        let pipe = guard.stdin.take();
        Ok(ManagedProcess {
            name: self.name,
            log: self.log,
            guard,
            pipe,
        })
    }

    /// Runs the program and waits for its end.
    ///
    /// # Errors
    /// [`StandError::DidNotStart`] with the last log lines if the exit status is not 0.
    pub async fn run(self) -> Result<()> {
        let mut part = self.start()?;
        let status = part.ended().await?;
        if status.success() {
            Ok(())
        } else {
            Err(part.did_not_start(&describe(status)))
        }
    }
}

/// A running program and its guard. Drop ends the program at once; [`ManagedProcess::stop`] ends it in an
/// orderly way.
#[derive(Debug)]
pub struct ManagedProcess {
    name: String,
    log: PathBuf,
    guard: Child,
    pipe: Option<ChildStdin>,
}

impl ManagedProcess {
    /// The name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file with both outputs of the program.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The exit status, if the program has ended.
    pub fn has_ended(&mut self) -> Result<Option<ExitStatus>> {
        self.guard
            .try_wait()
            .map_err(StandError::io("watching", &self.name))
    }

    /// Waits for the end of the program.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.has_ended()? {
                return Ok(status);
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    /// Repeats the check until the program is ready, has ended or `limit` is over.
    ///
    /// # Errors
    /// [`StandError::DidNotStart`] with the last log lines.
    pub async fn until_ready<F: Future<Output = bool>>(
        &mut self,
        limit: Duration,
        mut ready: impl FnMut() -> F,
    ) -> Result<()> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.has_ended()? {
                return Err(self.did_not_start(&describe(status)));
            }
            if ready().await {
                return Ok(());
            }
            if since.elapsed() > limit {
                return Err(self.did_not_start(&format!("not ready after {} s", limit.as_secs())));
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    /// Ends the program: its stop signals in their order, then SIGKILL. Returns when no process of it is
    /// left.
    pub async fn stop(mut self) -> Result<()> {
        // The pipe stays open meanwhile: if this process is killed now, the end of the pipe shortens the
        // stop.
        self.send(STOP);
        self.ended().await.map(drop)
    }

    /// Ends the program in an orderly way, but not its guard: the folders of the program stay until
    /// [`ManagedProcess::restart`] starts it again, or until it is stopped in another way. Meanwhile the
    /// program does not count as ended.
    pub fn stop_keeping_data(&mut self) {
        self.send(STOP_KEEPING_DATA);
    }

    /// Starts the program again after [`ManagedProcess::stop_keeping_data`], with the same arguments.
    pub fn restart(&mut self) {
        self.send(RESTART);
    }

    /// If the guard has already ended, the request has no effect; the next check of the process reports the
    /// end.
    fn send(&mut self, request: u8) {
        if let Some(pipe) = &mut self.pipe {
            let _ = pipe.write_all(&[request]);
        }
    }

    /// The error of a program that has ended without being stopped; none while the program runs.
    pub fn fall(&mut self) -> Result<Option<StandError>> {
        Ok(self.has_ended()?.map(|status| StandError::Fell {
            part: self.name.clone(),
            reason: describe(status),
            log: self.log.clone(),
        }))
    }

    pub(crate) fn did_not_start(&self, reason: &str) -> StandError {
        StandError::DidNotStart {
            part: self.name.clone(),
            reason: reason.to_owned(),
            tail: tail(&self.log),
            log: self.log.clone(),
        }
    }
}

impl Drop for ManagedProcess {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // The guard ends in bounded time; waiting for it ensures that no process is left.
        let _ = self.guard.wait();
    }
}

pub(crate) fn open_log(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(StandError::io("creating", folder))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(StandError::io("opening", path))
}

/// The last lines of a log, or a note that the log is empty.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "  (nothing was logged)".to_owned();
    }
    let from = lines.len().saturating_sub(TAIL_LINES);
    lines[from..]
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        // The guard ends with the program's exit status; as in a shell, that is 128 and the signal's number
        // for a program that a signal has ended.
        Some(code) if code > 128 => format!("signal {} ended it", code - 128),
        Some(code) => format!("it ended with exit status {code}"),
        None => "its guard was killed".to_owned(),
    }
}
