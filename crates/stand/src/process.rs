//! Starting a program under a guard, watching it, and ending it.

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
use crate::guard::{GENTLY, REST, StopStep, WAKE, guard_command};

/// How many log lines an error shows.
const TAIL_LINES: usize = 20;
/// Between two looks at a process or a port: short against every start time here, cheap enough to repeat.
const LOOK: Duration = Duration::from_millis(5);

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
    /// `name` is what messages call it; both of its outputs are appended to the file `log`.
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

    /// Keeps our own environment away from the program, but for PATH, HOME and the language: the user's AWS profile
    /// or proxy must not change what a part does.
    #[must_use]
    pub fn only_given_env(mut self) -> Self {
        self.only_env = true;
        self
    }

    /// Uses a log that is already open, and perhaps locked: the program inherits it, so a lock lasts as long as the
    /// program does, even beyond our end.
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

    /// How the program is ended: each signal with its time, then SIGKILL. When we are gone or in a hurry, only the last.
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

    /// A folder the guard removes when the program has ended, however we end.
    #[must_use]
    pub fn remove_when_done(mut self, folder: impl Into<PathBuf>) -> Self {
        self.remove.push(folder.into());
        self
    }

    /// A folder the guard removes when the program was ended by us, by our end included; it stays, with the log in
    /// it, when the program ended by itself.
    #[must_use]
    pub fn remove_if_stopped(mut self, folder: impl Into<PathBuf>) -> Self {
        self.remove_if_stopped.push(folder.into());
        self
    }

    /// Starts the program; it may not be ready yet ([`ManagedProcess::until_ready`]).
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

    /// Runs the program to its end.
    ///
    /// # Errors
    /// [`StandError::DidNotStart`] with the last log lines when its exit status is not 0.
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

/// A running program and its guard. Dropping it ends it at once; [`ManagedProcess::stop`] ends it gently.
#[derive(Debug)]
pub struct ManagedProcess {
    name: String,
    log: PathBuf,
    guard: Child,
    pipe: Option<ChildStdin>,
}

impl ManagedProcess {
    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file with both of its outputs.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The exit status, if it has ended.
    pub fn has_ended(&mut self) -> Result<Option<ExitStatus>> {
        self.guard
            .try_wait()
            .map_err(StandError::io("watching", &self.name))
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.has_ended()? {
                return Ok(status);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Asks again and again until the program is ready, has ended or `limit` is over.
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
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends it gently: its stop signals in their order, then SIGKILL. Returns when nothing of it is left.
    pub async fn stop(mut self) -> Result<()> {
        // The pipe stays open meanwhile: should we be killed now, its end makes the guard hurry.
        self.tell(GENTLY);
        self.ended().await.map(drop)
    }

    /// Asks for the end of the program, gently, but not of its guard: what goes with the program stays until
    /// [`ManagedProcess::restart`] starts it again, or until the part is ended in any other way. It does not count as ended meanwhile.
    pub fn stop_keeping_data(&mut self) {
        self.tell(REST);
    }

    /// Asks for a program that rests to be started again, exactly as at first.
    pub fn restart(&mut self) {
        self.tell(WAKE);
    }

    /// A guard that has ended hears nothing; whoever looks at the part then learns why.
    fn tell(&mut self, order: u8) {
        if let Some(pipe) = &mut self.pipe {
            let _ = pipe.write_all(&[order]);
        }
    }

    /// What to say when it has ended by itself; none while it runs.
    pub fn fall(&mut self) -> Result<Option<StandError>> {
        Ok(self.has_ended()?.map(|_| StandError::Fell {
            part: self.name.clone(),
            tail: tail(&self.log),
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
        // The guard ends by itself in bounded time; waiting for it keeps the promise that nothing is left.
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

/// The last lines of a log, or a word about why there are none.
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
        Some(code) => format!("it ended with exit status {code}"),
        None => "its guard was killed".to_owned(),
    }
}
