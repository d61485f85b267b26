//! Ctrl-C during a comparison.

use std::process::Stdio;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::pair::{Pair, said, until};

/// Number of our statements that run in this database.
const OURS: &str = "select from pg_stat_activity where datname = current_database() and application_name = 'crossover' \
     and state = 'active'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_comparison_ends_with_130_and_leaves_no_statement_behind() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key); insert into t values (1); analyze")
        .await;
    let child = pair
        .command(&["--where", "pg_sleep(3600) is not null"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for database in [&pair.source, &pair.target] {
        until(
            database,
            &format!("select exists ({OURS} and query like '%pg_sleep%')"),
        )
        .await;
    }
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let said = said(&output);
    assert_eq!(said.status, Some(130), "{}", said.stderr);
    assert!(
        said.stderr
            .contains("interrupted (SIGINT): nothing was changed on either side"),
        "{}",
        said.stderr
    );
    // Without a cancel request the statement would run for an hour.
    for database in [&pair.source, &pair.target] {
        until(database, &format!("select not exists ({OURS})")).await;
    }
}
