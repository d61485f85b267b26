use std::path::Path;
use std::time::Duration;

use crossover_stand::TestEnvironment;
use crossover_stand::guard::{HIDDEN_MODE, StopStep};
use crossover_stand::process::{Launch, ManagedProcess};
use nix::sys::signal::Signal;

use crate::{WAIT_LIMIT, is_alive, wait_until};

fn shell(name: &str, dir: &Path, script: &str) -> Launch {
    Launch::new(name, "sh", dir.join(format!("{name}.log"))).args(["-c", script])
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

async fn started(mut part: ManagedProcess, sign: &Path) -> ManagedProcess {
    part.until_ready(WAIT_LIMIT, || std::future::ready(read(sign).ends_with('\n')))
        .await
        .unwrap();
    part
}

#[tokio::test]
async fn parts_stop_in_the_reverse_order_of_their_start() {
    let dir = tempfile::tempdir().unwrap();
    let order = dir.path().join("order");
    let mut stand = TestEnvironment::new();
    for name in ["first", "second", "third"] {
        let sign = dir.path().join(name);
        let script = format!(
            "trap 'echo {name} >> {}; exit 0' TERM; echo ready > {}; while :; do sleep 0.05; done",
            order.display(),
            sign.display()
        );
        stand.own_process(started(shell(name, dir.path(), &script).start().unwrap(), &sign).await);
    }
    assert!(stand.ended().unwrap().is_empty());
    stand.stop().await.unwrap();
    assert_eq!(read(&order), "third\nsecond\nfirst\n");
}

#[tokio::test]
async fn a_part_that_ignores_signals_is_killed_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let sign = dir.path().join("pids");
    let script = format!(
        "trap '' TERM; sleep 1000 & echo $$ $! > {}; wait; sleep 1000",
        sign.display()
    );
    let step = StopStep {
        signal: Signal::SIGTERM,
        grace: Duration::from_millis(50),
    };
    let part = started(
        shell("ignores-signals", dir.path(), &script)
            .stop_with([step])
            .start()
            .unwrap(),
        &sign,
    )
    .await;
    part.stop().await.unwrap();
    for pid in read(&sign).split_whitespace() {
        assert!(!is_alive(pid.parse().unwrap()));
    }
}

/// The same situation as PostgreSQL's backends, which no group signal reaches.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_grandchild_in_a_separate_session_is_ended_too() {
    let dir = tempfile::tempdir().unwrap();
    let sign = dir.path().join("pid");
    let script = format!(
        "setsid sh -c 'echo $$ > {}; exec sleep 1000' & wait",
        sign.display()
    );
    let part = started(shell("sessions", dir.path(), &script).start().unwrap(), &sign).await;
    let pid = read(&sign).trim().parse().unwrap();
    assert!(is_alive(pid));
    drop(part);
    wait_until("the grandchild's end", || !is_alive(pid));
}

#[tokio::test]
async fn folders_are_removed_with_the_part_but_the_log_of_a_failed_part_stays() {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    };
    let (always, logs) = (make("always"), make("logs"));
    let launch = shell("failing", &logs, "echo it went wrong; exit 3")
        .remove_when_done(&always)
        .remove_if_stopped(&logs);
    let error = launch.run().await.unwrap_err().to_string();
    assert!(
        error.contains("exit status 3") && error.contains("it went wrong"),
        "{error}"
    );
    assert!(!always.exists() && logs.exists());

    let part = shell("stopped", &logs, "sleep 1000")
        .remove_if_stopped(&logs)
        .start()
        .unwrap();
    part.stop().await.unwrap();
    assert!(!logs.exists());
}

#[tokio::test]
async fn a_stopped_part_keeps_its_folders_and_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let sign = data.join("pids");
    let script = format!("echo $$ >> {}; exec sleep 1000", sign.display());
    let launch = shell("restarted", dir.path(), &script).remove_when_done(&data);
    let mut part = started(launch.start().unwrap(), &sign).await;
    let pids = || -> Vec<i32> { read(&sign).lines().map(|pid| pid.parse().unwrap()).collect() };
    part.stop_keeping_data();
    wait_until("the program's end", || !is_alive(pids()[0]));
    part.restart();
    part.until_ready(WAIT_LIMIT, || std::future::ready(pids().len() == 2))
        .await
        .unwrap();
    let second = pids()[1];
    assert!(is_alive(second));
    part.stop_keeping_data();
    wait_until("the program's second end", || !is_alive(second));
    assert!(part.has_ended().unwrap().is_none() && data.exists());
    drop(part);
    assert!(!data.exists());
}

/// Otherwise a guard that waits for a request would outlive the program.
#[tokio::test]
async fn the_end_of_the_program_is_noticed_while_a_part_stops() {
    let dir = tempfile::tempdir().unwrap();
    let (sign, received) = (dir.path().join("sign"), dir.path().join("received"));
    let script = format!(
        "trap 'echo yes > {}' TERM; echo ready > {}; while :; do sleep 0.05; done",
        received.display(),
        sign.display()
    );
    let launch = shell("ignores-signals", dir.path(), &script).stop_with([
        StopStep::new(Signal::SIGTERM, 1000),
        StopStep::new(Signal::SIGKILL, 1),
    ]);
    let mut part = started(launch.start().unwrap(), &sign).await;
    part.stop_keeping_data();
    wait_until("the first stop signal", || read(&received).ends_with('\n'));
    let ended = std::thread::spawn(move || drop(part));
    wait_until("the guard's end", || ended.is_finished());
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let launch = Launch::new("nothing", "/no/such/program", dir.path().join("log"));
    let error = launch.run().await.unwrap_err().to_string();
    assert!(error.contains("cannot run /no/such/program"), "{error}");
}

/// Otherwise a run that follows a killed one could fetch at the same time as the npm of the killed run.
#[tokio::test]
async fn a_lock_on_the_log_lasts_as_long_as_the_part() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = std::fs::File::create(&path).unwrap();
    log.lock().unwrap();
    let part = shell("holder", dir.path(), "sleep 1000")
        .log_to(log)
        .start()
        .unwrap();
    let other = std::fs::File::open(&path).unwrap();
    assert!(other.try_lock().is_err());
    part.stop().await.unwrap();
    other.try_lock().unwrap();
}

#[test]
fn the_hidden_mode_is_a_guard() {
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_stand-guard"))
        .args([
            HIDDEN_MODE,
            "--stop",
            "SIGTERM:1000",
            "--",
            "sh",
            "-c",
            "sleep 1000; exit 7",
        ])
        .stdin(std::process::Stdio::null())
        .status()
        .unwrap();
    // The guard's pipe has already ended, so the guard ended the part by SIGTERM; the exit status is the one
    // a shell returns.
    assert_eq!(status.code(), Some(128 + Signal::SIGTERM as i32));
}
