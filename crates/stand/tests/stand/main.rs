//! This crate with the real parts. One test binary, so that the fetch and the template clusters are shared.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bench;
mod endings;
mod guards;
mod ministack;
mod parts;
mod postgres;
mod workerd;

use std::time::{Duration, Instant};

use crossover_stand::parts::{Set, ensure};
use crossover_stand::postgres::workspace_root;
use crossover_stand::{Parts, Silent};

/// Longer than any step here takes on a busy machine; only a failing test waits this long.
const WAIT_LIMIT: Duration = Duration::from_mins(1);

async fn the_parts() -> Parts {
    ensure(&workspace_root(), Set::Rehearsal, &Silent).await.unwrap()
}

/// Checks repeatedly until `condition` holds.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < WAIT_LIMIT, "did not happen: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process is running (a zombie is not).
fn is_alive(pid: i32) -> bool {
    if let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        return !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z');
    }
    !cfg!(target_os = "linux") && nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok()
}
