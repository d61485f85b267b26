//! Two databases for one test, and the command that compares them.

use std::{
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crossover_stand::postgres::{Database, Major, TestServer};
use serde_json::Value;

/// A condition that is not true after this time is a failure.
const LIMIT: Duration = Duration::from_mins(1);

pub struct Pair {
    pub source: Database,
    pub target: Database,
}

/// The output of the command.
pub struct Said {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", self.stdout, self.stderr))
    }
}

pub async fn execute(database: &Database, sql: &str) {
    let client = database.connect().await.unwrap();
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{e:?} in {sql}"));
}

impl Pair {
    pub async fn new() -> Self {
        Self {
            source: TestServer::shared(Major::V16)
                .await
                .unwrap()
                .fresh_database()
                .await
                .unwrap(),
            target: TestServer::shared(Major::V17)
                .await
                .unwrap()
                .fresh_database()
                .await
                .unwrap(),
        }
    }

    /// Both on one server for this test only, without other sessions.
    pub async fn on(server: &TestServer) -> Self {
        Self {
            source: server.fresh_database().await.unwrap(),
            target: server.fresh_database().await.unwrap(),
        }
    }

    pub async fn source(&self, sql: &str) {
        execute(&self.source, sql).await;
    }

    pub async fn target(&self, sql: &str) {
        execute(&self.target, sql).await;
    }

    pub async fn both(&self, sql: &str) {
        tokio::join!(self.source(sql), self.target(sql));
    }

    /// The command for this pair, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        command(&self.source.url(), &self.target.url(), arguments)
    }

    /// Runs the command to its end. The output must not contain a password.
    pub fn verify(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        let said = said(&output);
        for database in [&self.source, &self.target] {
            let password = database.access().password();
            assert!(
                !said.stdout.contains(password) && !said.stderr.contains(password),
                "a password is shown: {}{}",
                said.stdout,
                said.stderr
            );
        }
        said
    }
}

pub fn command(source: &str, target: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossover"));
    command
        .arg("verify")
        .args(arguments)
        .env("CROSSOVER_SOURCE", source)
        .env("CROSSOVER_TARGET", target)
        .stdin(Stdio::null());
    command
}

pub fn said(output: &Output) -> Said {
    Said {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Waits until the query on that database returns true.
pub async fn until(database: &Database, sql: &str) {
    let client = database.connect().await.unwrap();
    let began = Instant::now();
    loop {
        let row = client.query_one(sql, &[]).await.unwrap();
        if row.get::<_, bool>(0) {
            return;
        }
        assert!(began.elapsed() < LIMIT, "never came true: {sql}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Names of an object's keys, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
