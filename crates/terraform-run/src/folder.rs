//! Terraform's commands on one folder. They run under a guard: whatever ends this program ends them and their
//! plugins.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crossover_stand::process::Launch;
use serde_json::Value;

use crate::Terraform;
use crate::events::Events;

/// A command that takes longer hangs: a provider that does not understand an answer asks for it again and again.
const LIMIT: Duration = Duration::from_mins(10);
/// Time between two reports about a command that is at work.
const REPORT_EVERY: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The state stays in the folder.
const BACKEND: &str = "terraform {\n  backend \"local\" {}\n}\n";

/// A folder in a copy, and what its commands are given.
#[derive(Debug)]
pub struct Folder<'a> {
    pub terraform: &'a Terraform,
    pub place: PathBuf,
    /// A folder for logs.
    pub logs: PathBuf,
    /// Variables of every command, besides those that Terraform needs.
    pub environment: Vec<(&'static str, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub success: bool,
    /// It was ended because it hung.
    pub hung: bool,
    pub events: Events,
    pub elapsed: Duration,
    log: PathBuf,
}

impl Ended {
    /// What went wrong, a line each: the errors, or what a command that hung was waiting for.
    pub fn faults(&self) -> Vec<String> {
        if self.hung {
            let open: Vec<String> = self.events.open().into_iter().collect();
            let seconds = LIMIT.as_secs();
            return vec![format!(
                "not done after {seconds} s; it waits for {}",
                open.join(", ")
            )];
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
        let mut faults: Vec<String> = self
            .events
            .errors()
            .map(|error| {
                let parts = ["address", "summary", "detail"].map(|key| text(&error[key]));
                let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                parts.join(": ")
            })
            .collect();
        if faults.is_empty() && !self.success {
            let text = std::fs::read_to_string(&self.log).unwrap_or_default();
            faults.push(text.lines().last().unwrap_or("it said nothing").to_owned());
        }
        faults
    }
}

impl Folder<'_> {
    /// Leaves the state in the folder, whatever backend the files name. To be called before `init`.
    pub fn keep_state_here(&self) -> anyhow::Result<()> {
        self.write("backend_override.tf", BACKEND)
    }

    /// Writes a file.
    pub fn write(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let path = self.place.join(file);
        std::fs::write(&path, text).with_context(|| path.display().to_string())
    }

    /// Runs a command that reports events (`-json`). `report` gets the number of resources that are done, that of
    /// all, and the time.
    pub async fn run(
        &self,
        arguments: &[&str],
        report: impl Fn(usize, usize, Duration),
    ) -> anyhow::Result<Ended> {
        let log = self.log(arguments);
        let since = Instant::now();
        let mut next = REPORT_EVERY;
        let mut process = self.launch(arguments, &log).start()?;
        let (success, hung) = loop {
            if let Some(status) = process.has_ended()? {
                break (status.success(), false);
            }
            if since.elapsed() > LIMIT {
                break (false, true);
            }
            if since.elapsed() > next {
                next += REPORT_EVERY;
                let (done, all) = Events::of(&log).done_of();
                report(done, all, since.elapsed());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        drop(process);
        Ok(Ended {
            success,
            hung,
            events: Events::of(&log),
            elapsed: since.elapsed(),
            log,
        })
    }

    /// `terraform show -json` of a plan, or of the state.
    pub async fn show(&self, of: &[&str]) -> anyhow::Result<Value> {
        let mut arguments = vec!["show", "-json"];
        arguments.extend(of);
        self.answer(&arguments).await
    }

    /// A command that answers with one line of JSON.
    pub async fn answer(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let log = self.log(arguments);
        let success = self.launch(arguments, &log).start()?.ended().await?.success();
        let text = std::fs::read_to_string(&log).with_context(|| log.display().to_string())?;
        // Some commands write JSON over several lines.
        let whole = serde_json::from_str(&text).ok();
        let answer = whole.or_else(|| text.lines().find_map(|line| serde_json::from_str(line).ok()));
        match answer.filter(|_| success) {
            Some(answer) => Ok(answer),
            None => bail!("`terraform {}` has no answer: {text}", arguments.join(" ")),
        }
    }

    fn launch(&self, arguments: &[&str], log: &Path) -> Launch {
        let mut launch = self.terraform.guarded(&self.place, arguments, log);
        for (name, value) in &self.environment {
            launch = launch.env(name, value);
        }
        launch
    }

    /// A log of its own for each command: a later one must not read the events of an earlier one.
    fn log(&self, arguments: &[&str]) -> PathBuf {
        static COMMANDS: AtomicUsize = AtomicUsize::new(0);
        let number = COMMANDS.fetch_add(1, Ordering::Relaxed);
        let name = arguments.first().unwrap_or(&"terraform");
        self.logs.join(format!("terraform-{number}-{name}.log"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A program in the place of Terraform, in a folder of its own.
    fn program(script: &str) -> (tempfile::TempDir, Terraform) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        let terraform = Terraform::of(path);
        (folder, terraform)
    }

    fn folder<'a>(place: &tempfile::TempDir, terraform: &'a Terraform) -> Folder<'a> {
        Folder {
            terraform,
            place: place.path().to_owned(),
            logs: place.path().to_owned(),
            environment: vec![("AWS_ENDPOINT_URL", "http://127.0.0.1:1".to_owned())],
        }
    }

    #[tokio::test]
    async fn a_command_that_nobody_waits_for_any_more_is_ended_with_its_children() {
        let (place, terraform) = program("sleep 600 &\necho $$ $! > pids.new\nmv pids.new pids\nwait\n");
        let folder = folder(&place, &terraform);
        let pids = place.path().join("pids");
        let appear = async {
            while !pids.exists() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            ended = folder.run(&["apply"], |_, _, _| ()) => panic!("it ended by itself: {ended:?}"),
            () = appear => {}
        }
        for pid in std::fs::read_to_string(&pids).unwrap().split_whitespace() {
            let alive = std::process::Command::new("kill").args(["-0", pid]).output();
            assert!(!alive.unwrap().status.success(), "process {pid} is left");
        }
    }

    #[tokio::test]
    async fn a_command_that_fails_says_why_and_sees_only_the_given_environment() {
        let (place, terraform) = program("echo \"sees $AWS_ENDPOINT_URL $AWS_CONFIG_FILE $1\"\nexit 1\n");
        let ended = folder(&place, &terraform)
            .run(&["apply"], |_, _, _| ())
            .await
            .unwrap();
        assert!(!ended.success && !ended.hung);
        assert_eq!(ended.faults(), ["sees http://127.0.0.1:1 /dev/null apply"]);
        let event = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"No","detail":"Not so.","address":"a.b"}}"#;
        let (place, terraform) = program(&format!("echo '{event}'\nexit 1\n"));
        let ended = folder(&place, &terraform)
            .run(&["apply"], |_, _, _| ())
            .await
            .unwrap();
        assert_eq!(ended.faults(), ["a.b: No: Not so."]);
    }

    #[tokio::test]
    async fn an_answer_may_stand_on_one_line_or_on_several() {
        for script in [
            "echo warning\necho '{\"a\": 1}'\n",
            "printf '{\\n\"a\": 1\\n}\\n'\n",
        ] {
            let (place, terraform) = program(script);
            let answer = folder(&place, &terraform).answer(&["output"]).await.unwrap();
            assert_eq!(answer["a"], 1);
        }
        let (place, terraform) = program("echo '{\"a\": 1}'\nexit 1\n");
        assert!(folder(&place, &terraform).answer(&["output"]).await.is_err());
    }
}
