//! The commands that operate a migration, against a rehearsal that was left running: a cutover and a rollback, runs
//! that are aborted, and a run whose execution was stopped from outside.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use crossover_stand::loopback;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::{
    command::{Running, program},
    setup::{alone, folder},
};

/// Far longer than a working step takes; only a failing test waits this long.
const LIMIT: Duration = Duration::from_mins(2);

/// A rehearsal's migration, as its operator sees it.
struct Operator {
    config: PathBuf,
}

impl Operator {
    fn call(&self, line: &str) -> Output {
        let words = line.split(' ');
        Command::new(program())
            .args(words)
            .arg("--config")
            .arg(&self.config)
            .output()
            .unwrap()
    }

    /// Runs a command that must end with this exit status. Returns what it printed.
    fn ends(&self, line: &str, status: i32) -> String {
        let output = self.call(line);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{line}:\n{printed}");
        printed
    }

    fn status(&self) -> Value {
        let output = self.call("status --json");
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
        });
        crossover_contracts::document::validate("lane-status", &status).unwrap();
        status
    }

    /// Waits until the status fulfils a condition.
    async fn until(&self, what: &str, met: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            let status = self.status();
            if met(&status) {
                return status;
            }
            assert!(since.elapsed() < LIMIT, "{what}: {status:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The same migration with other limits.
    fn with(&self, name: &str, limits: &str) -> Self {
        let mut file: toml::Table = fs::read_to_string(&self.config).unwrap().parse().unwrap();
        let limits: toml::Table = limits.parse().unwrap();
        file["plan"]["limits"].as_table_mut().unwrap().extend(limits);
        let config = self.config.with_file_name(name);
        fs::write(&config, file.to_string()).unwrap();
        Self { config }
    }

    /// Stops an execution as an operator does in the console: no state of it is entered any more.
    async fn stop(&self, execution: &str) {
        let file: toml::Table = fs::read_to_string(&self.config).unwrap().parse().unwrap();
        let answer = loopback::http()
            .build()
            .unwrap()
            .post(file["aws"]["endpoint_url"].as_str().unwrap())
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "AWSStepFunctions.StopExecution")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0",
            )
            .body(json!({ "executionArn": execution }).to_string())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

fn state(status: &Value) -> Option<&str> {
    status["under_way"]["state"].as_str()
}

/// Starts a rehearsal that waits.
fn kept(folder: &Path) -> (Running, Operator) {
    let mut running = Running::rehearse(
        folder,
        &["--rows", "1000", "--writes", "60", "--reads", "20", "--keep"],
    );
    running.wait_for("Ctrl-C ends it");
    let config = folder.join("crossover.toml");
    (running, Operator { config })
}

#[tokio::test]
async fn a_kept_rehearsal_is_operated_like_a_migration_on_aws() {
    let _alone = alone().await;
    let folder = folder("operate");
    let (running, operator) = kept(&folder);

    let checked = operator.ends("plan", 0);
    assert!(
        checked.contains("✓ forward replication") && !checked.contains('✗'),
        "{checked}"
    );
    let prepared = operator.ends("prepare", 0);
    assert_eq!(prepared.matches("nothing is missing").count(), 2, "{prepared}");
    let idle = operator.status();
    assert_eq!(
        (&idle["writer"], &idle["under_way"]),
        (&json!("source"), &Value::Null)
    );
    operator.ends("status --require completed --lane main", 0);
    let other = operator.ends("status --lane other", 2);
    assert!(other.contains("not of lane other"), "{other}");
    let nothing = operator.ends("rollback", 2);
    assert!(
        nothing.contains("the source already owns the writes"),
        "{nothing}"
    );
    let nothing = operator.ends("abort", 2);
    assert!(nothing.contains("no run of lane main is under way"), "{nothing}");
    let dry = operator.ends("run --dry-run --follow", 0);
    assert!(
        dry.contains("nothing was changed") && dry.contains("would: ConnectionDrain"),
        "{dry}"
    );

    // A run that waits is aborted, and nothing is left of it.
    let waiting = operator.with("waiting.toml", "lag_stable_ms = 600000");
    waiting.ends("run --run-id waits", 0);
    waiting
        .until("lag-wait", |status| state(status) == Some("LagWait"))
        .await;
    let second = operator.ends("run", 2);
    assert!(second.contains("has a run under way: waits"), "{second}");
    let refused = operator.ends("status --require completed", 1);
    assert!(refused.contains("run waits is under way"), "{refused}");
    let aborted = operator.ends("abort", 0);
    assert!(
        aborted.contains("Run waits is aborted: the source owns writes as before"),
        "{aborted}"
    );
    let told = operator.ends("run --follow --run-id waits", 3);
    assert!(
        told.contains("LaneAborted") || told.contains("was aborted before the commit"),
        "{told}"
    );

    // A run whose execution is stopped while the lane is armed or held: nothing works on it until somebody recovers it.
    operator.ends("run --run-id stopped", 0);
    let announced = |status: &Value| {
        let phase = status["phase"].as_str().unwrap_or_default();
        state(status) == Some("ConnectionDrain") && ["armed", "hold"].contains(&phase)
    };
    let drained = operator.until("the announcement of the pause", announced).await;
    operator
        .stop(drained["under_way"]["execution"].as_str().unwrap())
        .await;
    let recovered = operator.ends("abort --run-id stopped", 0);
    assert!(
        recovered.contains("recovered by an execution of its own"),
        "{recovered}"
    );
    assert!(
        recovered.contains("Run stopped is aborted: the source owns writes"),
        "{recovered}"
    );
    assert_eq!(operator.status()["phase"], "serve_source");

    // There and back.
    let committed = operator.ends("run --follow --run-id there --json", 0);
    assert!(
        committed.contains("has committed: the target owns writes"),
        "{committed}"
    );
    assert!(committed.contains("writes held for"), "{committed}");
    let served = operator.status();
    assert_eq!(
        (&served["writer"], &served["reverse_replication"]["running"]),
        (&json!("target"), &json!(true))
    );
    let again = operator.ends("run --follow --run-id there", 0);
    assert!(
        again.starts_with("found cutover there") || again.contains("found cutover there"),
        "{again}"
    );
    let proof = folder.join("proof");
    let collected = operator.ends(&format!("evidence --run-id there --out {}", proof.display()), 0);
    assert!(!collected.contains("missing:"), "{collected}");
    operator.ends(&format!("evidence --check {}", proof.display()), 0);
    let nothing = operator.ends("run", 2);
    assert!(
        nothing.contains("the target already owns the writes"),
        "{nothing}"
    );
    let summary = folder.join("summary");
    let back = operator.ends(&format!("rollback --follow --summary {}", summary.display()), 0);
    assert!(back.contains("the source owns writes"), "{back}");
    let summary = fs::read_to_string(summary).unwrap();
    assert!(summary.contains("| FinalSync | done |"), "{summary}");
    assert_eq!(operator.status()["writer"], "source");

    running.signal(Signal::SIGINT);
    let ended = running.end();
    assert!(ended.errors.contains("0 lost, 0 duplicated"), "{}", ended.errors);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
}
