//! The server program of the bench: requests on standard input, answers on standard output.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crossover_stand::postgres::workspace_root;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::{is_alive, the_parts, wait_until};

struct Bench {
    program: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    hello: Value,
}

impl Bench {
    fn start(folder: &Path) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_crossover-bench-stand"))
            .args([&workspace_root(), folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let requests = program.stdin.take().unwrap();
        let mut answers = BufReader::new(program.stdout.take().unwrap()).lines();
        let hello = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        Self {
            program,
            requests,
            answers,
            hello,
        }
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").unwrap();
        serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap()
    }

    fn postmasters(&self) -> [i32; 2] {
        ["source", "target"].map(|side| i32::try_from(self.hello[side]["pid"].as_i64().unwrap()).unwrap())
    }
}

#[tokio::test]
async fn requests_are_answered_in_order_and_an_end_of_input_ends_the_servers() {
    the_parts().await;
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::start(folder.path());
    for (side, major) in [("source", "16."), ("target", "17.")] {
        let settings = &bench.hello[side]["settings"];
        assert!(
            settings["server_version"].as_str().unwrap().starts_with(major),
            "{settings}"
        );
        assert_eq!(settings["shared_buffers"], "512MB");
    }
    // A transaction may span requests, and a refused statement does not end the program.
    bench.ask(&json!({ "both": "begin; create table t as select 7 as id, null::text as name" }));
    bench.ask(&json!({ "both": "commit" }));
    let refused = bench.ask(&json!({ "target": "select * from nowhere" }));
    let words = refused["error"].as_str().unwrap();
    assert!(
        words.starts_with("target: ") && words.contains("nowhere"),
        "{words}"
    );
    assert!(bench.ask(&json!({ "nonsense": 1 }))["error"].is_string());
    bench.ask(&json!({ "source": "delete from t" }));
    let rows = bench.ask(&json!({ "both": "select * from t" }));
    assert_eq!(
        (&rows["source"], &rows["target"]),
        (&json!([]), &json!([["7", null]]))
    );
    assert!(rows["elapsed_s"].is_f64());
    let sent = bench.ask(&json!({ "discard": "copy t to stdout" }));
    assert_eq!((&sent["source"], &sent["target"]), (&json!(0), &json!(5)));

    let pids = bench.postmasters();
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    drop(bench.requests);
    assert!(bench.program.wait().unwrap().success());
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_sessions_ends_the_statement_of_a_killed_client() {
    the_parts().await;
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::start(folder.path());
    let url = bench.hello["target"]["url"].as_str().unwrap();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let sleeping = tokio::spawn(async move { client.batch_execute("select pg_sleep(1000)").await });
    let sleepers =
        json!({ "target": "select count(*) from pg_stat_activity where query = 'select pg_sleep(1000)'" });
    wait_until("the other session", || {
        bench.ask(&sleepers)["target"] == json!([["1"]])
    });
    bench.ask(&json!("end_sessions"));
    assert_eq!(bench.ask(&sleepers)["target"], json!([["0"]]));
    sleeping.await.unwrap().unwrap_err();
    drop(bench.requests);
    bench.program.wait().unwrap();
}

#[tokio::test]
async fn a_signal_ends_the_servers_too() {
    the_parts().await;
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::start(folder.path());
    let pids = bench.postmasters();
    kill(
        Pid::from_raw(i32::try_from(bench.program.id()).unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    assert_eq!(bench.program.wait().unwrap().code(), Some(130));
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
}
