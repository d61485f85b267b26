//! Two databases of Crossover's role for one test, and the command that checks them.

use std::process::{Command, Output, Stdio};

use crossover_stand::postgres::{Database, Major, TestServer};
use serde_json::Value;

pub const PASSWORD: &str = "hunter2-of-the-test";

pub struct Migration {
    pub source: Database,
    pub target: Database,
    /// The part of names that is this test's own, because roles belong to the whole server.
    pub suffix: String,
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

    /// The ids of all findings, each once, in the order of the checks.
    pub fn found(&self) -> Vec<String> {
        let report = self.json();
        let checks = report["checks"].as_array().unwrap();
        let findings = |check: &Value| check["findings"].as_array().is_some_and(|all| !all.is_empty());
        let found = checks.iter().filter(|check| findings(check));
        found
            .map(|check| check["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The check of this id.
    pub fn check(&self, id: &str) -> Value {
        let report = self.json();
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == id).unwrap().clone()
    }
}

pub async fn execute(database: &Database, sql: &str) {
    let client = database.connect().await.unwrap();
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{e:?} in {sql}"));
}

impl Migration {
    pub async fn new() -> Self {
        Self::to(TestServer::shared(Major::V17).await.unwrap()).await
    }

    /// To a database of this server. Both sides are prepared.
    pub async fn to(server: &TestServer) -> Self {
        let this = Self::unprepared(server).await;
        let said = this.prepare(&[]);
        assert_eq!(said.status, Some(0), "{}{}", said.stdout, said.stderr);
        this
    }

    /// To a database of this server, before `crossover prepare`.
    pub async fn unprepared(server: &TestServer) -> Self {
        let source = TestServer::shared(Major::V16).await.unwrap();
        let source = source.fresh_database().await.unwrap();
        let target = server.fresh_database().await.unwrap();
        let suffix = source.name()[2..14].to_owned();
        let this = Self {
            source,
            target,
            suffix,
        };
        let role = this.role("xo");
        for database in [&this.source, &this.target] {
            execute(
                database,
                &format!(
                    "create role {role} login createrole replication password '{PASSWORD}'; \
                     grant pg_monitor, pg_signal_backend to {role}; \
                     alter database {} owner to {role}; create schema shop authorization {role}",
                    database.name()
                ),
            )
            .await;
        }
        this
    }

    /// The name of a role of this test; `xo` is Crossover's.
    pub fn role(&self, name: &str) -> String {
        format!("{name}_{}", self.suffix)
    }

    /// Runs SQL as a superuser; what it creates belongs to Crossover's role.
    pub async fn source(&self, sql: &str) {
        execute(&self.source, &self.as_owner(sql)).await;
    }

    pub async fn target(&self, sql: &str) {
        execute(&self.target, &self.as_owner(sql)).await;
    }

    pub async fn both(&self, sql: &str) {
        tokio::join!(self.source(sql), self.target(sql));
    }

    fn as_owner(&self, sql: &str) -> String {
        format!("set role {}; set search_path = shop; {sql}", self.role("xo"))
    }

    /// The URL of a role of this test.
    pub fn url(&self, database: &Database, role: &str) -> String {
        format!(
            "postgresql://{}:{PASSWORD}@127.0.0.1:{}/{}",
            self.role(role),
            database.access().port(),
            database.name()
        )
    }

    /// Checks as Crossover's role, with the superuser of the tests as an exempt role.
    pub fn check(&self, arguments: &[&str]) -> Said {
        self.check_as(
            "xo",
            &[
                arguments,
                &["--exempt-role", self.source.config().get_user().unwrap()],
            ]
            .concat(),
        )
    }

    /// Prepares as Crossover's role.
    pub fn prepare(&self, arguments: &[&str]) -> Said {
        self.prepare_as("xo", arguments)
    }

    pub fn prepare_as(&self, role: &str, arguments: &[&str]) -> Said {
        let (source, target) = (self.url(&self.source, role), self.url(&self.target, role));
        run(&mut command("prepare", &source, &target, arguments))
    }

    /// Checks as a role of this test. The output must not contain a password.
    pub fn check_as(&self, role: &str, arguments: &[&str]) -> Said {
        let (source, target) = (self.url(&self.source, role), self.url(&self.target, role));
        check(&source, &target, arguments)
    }
}

/// A sub-command over two databases, not started yet.
pub fn command(name: &str, source: &str, target: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossover"));
    command
        .arg(name)
        .args(arguments)
        .env("CROSSOVER_SOURCE", source)
        .env("CROSSOVER_TARGET", target)
        .stdin(Stdio::null());
    command
}

/// Runs the checks to their end.
pub fn check(source: &str, target: &str, arguments: &[&str]) -> Said {
    run(&mut command("check", source, target, arguments))
}

/// Runs a command to its end. The output must not contain a password.
fn run(command: &mut Command) -> Said {
    let said = said(&command.output().unwrap());
    assert!(
        !said.stdout.contains(PASSWORD) && !said.stderr.contains(PASSWORD),
        "a password is shown: {}{}",
        said.stdout,
        said.stderr
    );
    said
}

pub fn said(output: &Output) -> Said {
    Said {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
