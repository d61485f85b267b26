//! `--max-load`: the comparison pauses while a server is busy.

use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use crossover_stand::postgres::{Major, TestServer};

use crate::pair::{Pair, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_comparison_waits_for_a_busy_server_and_continues_afterwards() {
    // Sessions of all databases count, so this test has its own server.
    let server = TestServer::private(Major::V17, &[]).await.unwrap();
    let pair = Pair::on(&server).await;
    pair.both("create table t (id int primary key); insert into t values (1); analyze")
        .await;
    let busy = pair.source.connect().await.unwrap();
    let end = busy.cancel_token();
    let work = tokio::spawn(async move { busy.batch_execute("select pg_sleep(3600)").await });
    until(
        &pair.target,
        "select exists (select from pg_stat_activity where state = 'active' and query = 'select pg_sleep(3600)')",
    )
    .await;
    let mut command = pair.command(&["--max-load", "0"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let (waiting, mut rest) = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        while !line.contains("sessions are active") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it did not wait");
        }
        (line, lines)
    })
    .await
    .unwrap();
    assert!(waiting.contains("more than 0"), "{waiting}");
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    end.cancel_query(tokio_postgres::NoTls).await.unwrap();
    work.await.unwrap().unwrap_err();
    let (status, said) = tokio::task::spawn_blocking(move || {
        let mut said = String::new();
        rest.read_to_string(&mut said).unwrap();
        (child.wait().unwrap(), said)
    })
    .await
    .unwrap();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("EQUAL"), "{said}");
}
