//! The operator of a rehearsal that was left running, who knows its `crossover.toml` and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use crossover_stand::loopback;
use serde_json::{Value, json};

use crate::command::{Running, program};

/// Far longer than a working step takes; only a failing test waits this long.
const LIMIT: Duration = Duration::from_mins(2);

/// A rehearsal's migration, as its operator sees it.
pub struct Operator {
    pub config: PathBuf,
}

impl Operator {
    fn call(&self, line: &str) -> Output {
        let words = line.split(' ');
        Command::new(program())
            .args(words)
            .arg("--config")
            .arg(&self.config)
            // What a workflow has, an operator has not.
            .env_remove("GITHUB_TOKEN")
            .env_remove("CROSSOVER_SIGNING_KEY")
            .output()
            .unwrap()
    }

    /// Runs a command that must end with this exit status. Returns what it printed.
    pub fn ends(&self, line: &str, status: i32) -> String {
        let output = self.call(line);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{line}:\n{printed}");
        printed
    }

    /// The same beside this test's own servers.
    pub async fn meanwhile(&self, line: &str, status: i32) -> String {
        let operator = Self {
            config: self.config.clone(),
        };
        let line = line.to_owned();
        tokio::task::spawn_blocking(move || operator.ends(&line, status))
            .await
            .unwrap()
    }

    /// What a command that succeeds prints on standard output.
    pub fn prints(&self, line: &str) -> String {
        let output = self.call(line);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn status(&self) -> Value {
        let output = self.call("status --json");
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
        });
        crossover_contracts::document::validate("lane-status", &status).unwrap();
        status
    }

    /// Waits until the status fulfils a condition.
    pub async fn until(&self, what: &str, met: impl Fn(&Value) -> bool) -> Value {
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
    pub fn with(&self, name: &str, limits: &str) -> Self {
        let mut file: toml::Table = fs::read_to_string(&self.config).unwrap().parse().unwrap();
        let limits: toml::Table = limits.parse().unwrap();
        file["plan"]["limits"].as_table_mut().unwrap().extend(limits);
        let config = self.config.with_file_name(name);
        fs::write(&config, file.to_string()).unwrap();
        Self { config }
    }

    /// The same migration, whose cutover has to be approved.
    pub fn asking(&self) -> Self {
        let mut file: toml::Table = fs::read_to_string(&self.config).unwrap().parse().unwrap();
        let approval: toml::Table = "expires_after_s = 600".parse().unwrap();
        file["plan"]
            .as_table_mut()
            .unwrap()
            .insert("approval".to_owned(), approval.into());
        let config = self.config.with_file_name("asking.toml");
        fs::write(&config, file.to_string()).unwrap();
        Self { config }
    }

    /// Stops an execution as an operator does in the console: no state of it is entered any more.
    pub async fn stop(&self, execution: &str) {
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

/// Starts a rehearsal that waits.
pub fn kept(folder: &Path) -> (Running, Operator) {
    let mut running = Running::rehearse(
        folder,
        &["--rows", "1000", "--writes", "60", "--reads", "20", "--keep"],
    );
    running.wait_for("Ctrl-C ends it");
    let config = folder.join("crossover.toml");
    (running, Operator { config })
}
