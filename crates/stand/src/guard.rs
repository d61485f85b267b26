//! The guard: a small process between the program and each part, so that no part outlives the program.
//!
//! Its standard input is a pipe from the program that started it. When the pipe ends (that program stopped,
//! panicked or was killed with -9) the guard ends the part's whole process group: first with the part's last
//! stop signal, then with SIGKILL. The guard is a separate process, so that it survives the program, and has
//! its own process group, so that Ctrl-C reaches only the program, which then stops the parts in order.

use std::ffi::OsString;
use std::io::Read;
use std::process::{ExitCode, ExitStatus};
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

mod arguments;
mod locate;

pub(crate) use locate::guard_command;

use arguments::Arguments;

/// The first argument that puts an executable into guard mode.
pub const HIDDEN_MODE: &str = "__guard";

/// The byte that requests all stop signals in their order. If the pipe ends without this byte, only the last
/// signal is sent: the program has died or wants a fast end.
pub(crate) const STOP: u8 = b'g';
/// The byte that requests all stop signals; then the guard removes nothing and waits for the next request.
pub(crate) const STOP_KEEPING_DATA: u8 = b'r';
/// The byte that requests another start of the part.
pub(crate) const RESTART: u8 = b'w';

static INSTALLED: OnceLock<()> = OnceLock::new();

/// Must be called first in `main` of an executable that starts parts. In the hidden mode the process becomes
/// a guard and never returns; otherwise the executable is registered as the guard program of its parts.
pub fn install() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == HIDDEN_MODE) {
        let code = run(args);
        std::process::exit(i32::from(code));
    }
    let _ = INSTALLED.set(());
}

/// Runs a guard: takes the arguments without the hidden mode's name, returns the part's exit status.
pub fn guard_main(args: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(args))
}

/// One step of stopping a part: a signal, and the time until the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopStep {
    /// The signal sent to the whole process group.
    pub signal: Signal,
    /// How long the part may take to end.
    pub grace: Duration,
}

impl StopStep {
    /// A step with the grace given in seconds.
    pub const fn new(signal: Signal, seconds: u64) -> Self {
        Self {
            signal,
            grace: Duration::from_secs(seconds),
        }
    }

    pub(crate) fn to_argument(self) -> String {
        format!("{}:{}", self.signal, self.grace.as_millis())
    }
}

impl FromStr for StopStep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(signal, grace)| {
            Some(Self {
                signal: Signal::from_str(signal).ok()?,
                grace: Duration::from_millis(grace.parse().ok()?),
            })
        });
        parsed.ok_or_else(|| format!("`{text}` is not SIGNAL:MILLISECONDS"))
    }
}

fn run(args: impl Iterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::parse(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("guard: {error}");
            return 2;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let End { code, stopped } = match runtime {
        Ok(runtime) => runtime.block_on(guard(&arguments)),
        Err(error) => {
            eprintln!("guard: {error}");
            End {
                code: 126,
                stopped: false,
            }
        }
    };
    let if_stopped = arguments.remove_if_stopped.iter().filter(|_| stopped);
    for folder in arguments.remove.iter().chain(if_stopped) {
        let _ = std::fs::remove_dir_all(folder);
    }
    code
}

/// How a part ended: its exit status, and whether the program had requested the end.
struct End {
    code: u8,
    stopped: bool,
}

async fn guard(arguments: &Arguments) -> End {
    adopt_orphans();
    crate::loopback::allow_many_files();
    // Handlers, not a blocked mask: handlers are reset by exec, a mask would be inherited by the part.
    let signals = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ]
    .map(signal);
    let (sender, mut requests) = mpsc::unbounded_channel();
    for received in signals {
        let sender = sender.clone();
        if let Ok(mut received) = received {
            tokio::spawn(async move {
                while received.recv().await.is_some() {
                    let _ = sender.send(Request::Stop);
                }
            });
        }
    }
    std::thread::spawn(move || listen(&sender));

    let mut command = Command::new(&arguments.command[0]);
    command
        .args(&arguments.command[1..])
        .process_group(0)
        .stdin(std::process::Stdio::null());
    if let Some((uid, gid)) = arguments.run_as {
        command.uid(uid).gid(gid);
    }
    loop {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("guard: cannot run {}: {error}", arguments.command[0].display());
                return End {
                    code: 127,
                    stopped: false,
                };
            }
        };
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw);
        let mut request = None;
        let status = tokio::select! {
            status = child.wait() => status.ok(),
            first = requests.recv() => {
                let request = request.insert(first.unwrap_or(Request::Now));
                stop(&mut child, group, request, &mut requests, &arguments.stop).await
            }
        };
        // Processes that the part left behind: its group (Lambda processes), and processes that left the
        // group but not the guard.
        if let Some(group) = group {
            let _ = killpg(group, Signal::SIGKILL);
        }
        end_orphans();
        while request == Some(Request::StopKeepingData) {
            request = requests.recv().await.or(Some(Request::Now));
        }
        if request != Some(Request::Restart) {
            return End {
                code: exit_code(status),
                stopped: request.is_some(),
            };
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Stop,
    Now,
    StopKeepingData,
    Restart,
}

/// Reads the pipe until its end. Runs in a separate thread, because a read of standard input cannot be
/// cancelled.
fn listen(sender: &mpsc::UnboundedSender<Request>) {
    let mut stdin = std::io::stdin().lock();
    let mut byte = [0; 1];
    loop {
        match stdin.read(&mut byte) {
            Ok(1) => {
                let request = match byte[0] {
                    STOP => Request::Stop,
                    STOP_KEEPING_DATA => Request::StopKeepingData,
                    RESTART => Request::Restart,
                    _ => continue,
                };
                let _ = sender.send(request);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => {
                let _ = sender.send(Request::Now);
                return;
            }
        }
    }
}

/// Ends the part. A request that arrives meanwhile replaces `request`; no request follows [`Request::Now`].
async fn stop(
    child: &mut Child,
    group: Option<Pid>,
    request: &mut Request,
    requests: &mut mpsc::UnboundedReceiver<Request>,
    steps: &[StopStep],
) -> Option<ExitStatus> {
    let group = group?;
    let last = steps.len().saturating_sub(1);
    for (index, step) in steps.iter().enumerate() {
        if *request == Request::Now && index < last {
            continue;
        }
        let _ = killpg(group, step.signal);
        let grace = tokio::time::sleep(step.grace);
        tokio::pin!(grace);
        loop {
            tokio::select! {
                status = child.wait() => return status.ok(),
                () = &mut grace => break,
                next = requests.recv(), if *request != Request::Now => {
                    *request = next.unwrap_or(Request::Now);
                    if *request == Request::Now && index < last { break }
                }
            }
        }
    }
    let _ = killpg(group, Signal::SIGKILL);
    child.wait().await.ok()
}

/// Makes descendants whose parent has died children of the guard instead of init's (Linux only): PostgreSQL
/// puts every backend into a separate session, which no group signal reaches.
fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

#[cfg(target_os = "linux")]
fn end_orphans() {
    use nix::sys::signal::kill;
    use nix::sys::wait::waitpid;

    let me = std::process::id();
    // A killed orphan may leave further orphans: repeat until none is left, with an upper limit.
    for _ in 0..50 {
        let Ok(children) = std::fs::read_to_string(format!("/proc/{me}/task/{me}/children")) else {
            return;
        };
        let children: Vec<Pid> = children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .map(Pid::from_raw)
            .collect();
        if children.is_empty() {
            return;
        }
        for child in &children {
            let _ = kill(*child, Signal::SIGKILL);
        }
        for child in children {
            let _ = waitpid(child, None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn end_orphans() {}

fn exit_code(status: Option<ExitStatus>) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.map_or(1, |status| {
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or(Signal::SIGKILL as i32))
    });
    u8::try_from(code).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_step_survives_the_command_line() {
        let step = StopStep::new(Signal::SIGQUIT, 7);
        assert_eq!(step.to_argument().parse::<StopStep>().unwrap(), step);
    }
}
