//! Ctrl-C during the checks.

use std::process::Stdio;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::net::TcpListener;

use crate::migration::{command, said};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_check_ends_with_130() {
    // A server that takes the connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgresql://app@{}/shop", silent.local_addr().unwrap());
    let child = command("check", &url, &url, &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _held = silent.accept().await.unwrap();
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let said = said(&output);
    assert_eq!(said.status, Some(130), "{}", said.stderr);
    assert_eq!(said.stdout, "");
    assert!(
        said.stderr
            .contains("interrupted (SIGINT): nothing was changed on either side"),
        "{}",
        said.stderr
    );
}
