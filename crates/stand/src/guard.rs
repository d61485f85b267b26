//! The guard: a small process between us and every part, so that no part outlives us.
//!
//! Its standard input is a pipe from the program that started it. When the pipe ends (that program stopped,
//! panicked or was killed with -9) the guard ends the part's whole process group: by its last stop signal, and by
//! SIGKILL when its time is over. It is a process of its own because only then it survives our death, and in a
//! process group of its own so that Ctrl-C reaches us alone and we can stop the parts in order.

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

mod locate;
mod orders;

pub(crate) use locate::guard_command;

use orders::Orders;

/// The first argument that puts an executable into guard mode.
pub const HIDDEN_MODE: &str = "__guard";

/// The byte that asks the guard for all stop signals. A pipe that ends without it asks for the last one only: we are
/// gone, or in a hurry.
pub(crate) const GENTLY: u8 = b'g';
/// The byte that asks the guard to end the part by all stop signals and then to wait, removing nothing, for another order.
pub(crate) const REST: u8 = b'r';
/// The byte that asks the guard to start the part again.
pub(crate) const WAKE: u8 = b'w';

static INSTALLED: OnceLock<()> = OnceLock::new();

/// To be called first in `main` of an executable that starts parts: becomes the guard if it was started as one,
/// and otherwise makes this executable the guard of what it starts.
pub fn install() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == HIDDEN_MODE) {
        let code = run(args);
        std::process::exit(i32::from(code));
    }
    let _ = INSTALLED.set(());
}

/// The whole guard: takes its own arguments (without the hidden mode's name), returns the part's exit status.
pub fn guard_main(args: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(args))
}

/// One way of ending a part: a signal, and how long it may take before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopStep {
    /// The signal sent to the whole process group.
    pub signal: Signal,
    /// How long the part may take to obey.
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
    let orders = match Orders::parse(args) {
        Ok(orders) => orders,
        Err(error) => {
            eprintln!("guard: {error}");
            return 2;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let End { code, stopped } = match runtime {
        Ok(runtime) => runtime.block_on(guard(&orders)),
        Err(error) => {
            eprintln!("guard: {error}");
            End {
                code: 126,
                stopped: false,
            }
        }
    };
    let if_stopped = orders.remove_if_stopped.iter().filter(|_| stopped);
    for folder in orders.remove.iter().chain(if_stopped) {
        let _ = std::fs::remove_dir_all(folder);
    }
    code
}

/// How a part ended: its exit status, and whether that was our wish.
struct End {
    code: u8,
    stopped: bool,
}

async fn guard(orders: &Orders) -> End {
    adopt_orphans();
    crate::loopback::allow_many_files();
    // Handlers, not a blocked mask: handlers are reset by exec, a mask would be inherited by the part.
    let signals = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ]
    .map(signal);
    let (tell, mut told) = mpsc::unbounded_channel();
    for received in signals {
        let tell = tell.clone();
        if let Ok(mut received) = received {
            tokio::spawn(async move {
                while received.recv().await.is_some() {
                    let _ = tell.send(Order::Gently);
                }
            });
        }
    }
    std::thread::spawn(move || listen(&tell));

    let mut command = Command::new(&orders.command[0]);
    command
        .args(&orders.command[1..])
        .process_group(0)
        .stdin(std::process::Stdio::null());
    if let Some((uid, gid)) = orders.run_as {
        command.uid(uid).gid(gid);
    }
    loop {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("guard: cannot run {}: {error}", orders.command[0].display());
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
        let mut order = None;
        let status = tokio::select! {
            status = child.wait() => status.ok(),
            first = told.recv() => {
                let order = order.insert(first.unwrap_or(Order::Now));
                stop(&mut child, group, order, &mut told, &orders.stop).await
            }
        };
        // What the part left behind: its group (Lambda processes), and whatever left the group but not us.
        if let Some(group) = group {
            let _ = killpg(group, Signal::SIGKILL);
        }
        end_orphans();
        while order == Some(Order::Rest) {
            order = told.recv().await.or(Some(Order::Now));
        }
        if order != Some(Order::Wake) {
            return End {
                code: exit_code(status),
                stopped: order.is_some(),
            };
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Gently,
    Now,
    Rest,
    Wake,
}

/// Reads the pipe until it ends. Runs in a thread of its own: a read of standard input cannot be cancelled.
fn listen(tell: &mpsc::UnboundedSender<Order>) {
    let mut stdin = std::io::stdin().lock();
    let mut byte = [0; 1];
    loop {
        match stdin.read(&mut byte) {
            Ok(1) => {
                let order = match byte[0] {
                    GENTLY => Order::Gently,
                    REST => Order::Rest,
                    WAKE => Order::Wake,
                    _ => continue,
                };
                let _ = tell.send(order);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => {
                let _ = tell.send(Order::Now);
                return;
            }
        }
    }
}

/// Ends the part. Orders that come meanwhile take the place of `order`; after [`Order::Now`] none can come.
async fn stop(
    child: &mut Child,
    group: Option<Pid>,
    order: &mut Order,
    told: &mut mpsc::UnboundedReceiver<Order>,
    steps: &[StopStep],
) -> Option<ExitStatus> {
    let group = group?;
    let last = steps.len().saturating_sub(1);
    for (index, step) in steps.iter().enumerate() {
        if *order == Order::Now && index < last {
            continue;
        }
        let _ = killpg(group, step.signal);
        let grace = tokio::time::sleep(step.grace);
        tokio::pin!(grace);
        loop {
            tokio::select! {
                status = child.wait() => return status.ok(),
                () = &mut grace => break,
                next = told.recv(), if *order != Order::Now => {
                    *order = next.unwrap_or(Order::Now);
                    if *order == Order::Now && index < last { break }
                }
            }
        }
    }
    let _ = killpg(group, Signal::SIGKILL);
    child.wait().await.ok()
}

/// Makes descendants whose own parent has died children of the guard instead of init's (Linux only): PostgreSQL
/// puts every backend into a session of its own, where no group signal reaches it.
fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

#[cfg(target_os = "linux")]
fn end_orphans() {
    use nix::sys::signal::kill;
    use nix::sys::wait::waitpid;

    let me = std::process::id();
    // A killed orphan may leave orphans of its own: until none is left, but not for ever.
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
