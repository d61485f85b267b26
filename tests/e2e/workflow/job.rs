//! One job on a machine of its own, step by step.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crossover_workflow_check::{
    workflow::{Job, Step, Workflow},
    yaml::Node,
};

use super::{
    actions::{Outside, act},
    table::Table,
};

/// The machine of a job; it begins empty.
pub struct Machine {
    pub workspace: PathBuf,
    /// The environment of every step that follows.
    pub variables: BTreeMap<String, String>,
    /// What steps have put in front of the path, the newest first.
    path: Vec<String>,
    /// The files by which a step talks to GitHub, and its scratch files.
    temporary: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Succeeded,
    Failed,
    Skipped,
}

/// A step that has ended, with what it printed.
#[derive(Debug)]
pub struct StepEnd {
    pub name: String,
    pub ended: Ended,
    pub printed: String,
}

/// A job that has ended.
#[derive(Debug)]
pub struct JobEnd {
    pub ended: Ended,
    pub outputs: BTreeMap<String, String>,
    pub steps: Vec<StepEnd>,
    /// What its steps have written for people.
    pub summary: String,
}

impl JobEnd {
    pub fn skipped() -> Self {
        Self {
            ended: Ended::Skipped,
            outputs: BTreeMap::new(),
            steps: Vec::new(),
            summary: String::new(),
        }
    }

    pub fn step(&self, name: &str) -> &StepEnd {
        let names: Vec<&str> = self.steps.iter().map(|step| step.name.as_str()).collect();
        let found = self.steps.iter().find(|step| step.name == name);
        found.unwrap_or_else(|| panic!("no step is called {name}: {names:?}"))
    }
}

impl Machine {
    pub fn new(folder: &Path, variables: BTreeMap<String, String>) -> Self {
        let machine = Self {
            workspace: folder.join("workspace"),
            variables,
            path: Vec::new(),
            temporary: folder.join("temporary"),
        };
        for folder in [&machine.workspace, &machine.temporary] {
            fs::create_dir_all(folder).unwrap();
        }
        machine
    }

    /// Runs all steps of a job. `table` has what its expressions need, but for the results of its own steps.
    pub fn run(mut self, workflow: &Workflow, job: &Job, mut table: Table, outside: &Outside<'_>) -> JobEnd {
        let mut end = JobEnd {
            ended: Ended::Succeeded,
            ..JobEnd::skipped()
        };
        for node in [workflow.root.get("env"), job.node.get("env")] {
            for (name, value) in variables(node, &table) {
                table.set(format!("env.{name}"), &value);
                self.variables.insert(name, value);
            }
        }
        for (number, step) in job.steps.iter().enumerate() {
            let name = match step.text("name") {
                "" => step.action().unwrap_or_default(),
                name => name,
            };
            let (ended, printed) = if table.holds(step.text("if"), end.ended == Ended::Failed) {
                let done = match &step.script {
                    Some(script) => {
                        let shell = shell(workflow, job, step);
                        assert_eq!(shell, "bash", "{name}: another shell is not known here");
                        self.script(
                            number,
                            &script.text,
                            variables(step.node.get("env"), &table),
                            &mut end.summary,
                        )
                    }
                    None => act(step, &table, job.environment(), &mut self, outside)
                        .map(|()| (String::new(), Vec::new())),
                };
                match done {
                    Ok((printed, outputs)) => {
                        for (output, value) in outputs {
                            assert!(!step.text("id").is_empty(), "{name} has an output and no id");
                            table.set(format!("steps.{}.outputs.{output}", step.text("id")), value);
                        }
                        (Ended::Succeeded, printed)
                    }
                    Err(printed) => (Ended::Failed, printed),
                }
            } else {
                (Ended::Skipped, String::new())
            };
            if ended == Ended::Failed {
                end.ended = Ended::Failed;
            }
            end.steps.push(StepEnd {
                name: name.to_owned(),
                ended,
                printed,
            });
        }
        // What a step that did not run would have set is empty for GitHub; nothing may use it then.
        if end.ended == Ended::Succeeded {
            end.outputs = variables(job.node.get("outputs"), &table).into_iter().collect();
        }
        end
    }

    /// Runs a script as GitHub does. Returns what it printed and its outputs; as an error what a failed one printed.
    fn script(
        &mut self,
        number: usize,
        text: &str,
        environment: Vec<(String, String)>,
        summary: &mut String,
    ) -> Result<(String, Vec<(String, String)>), String> {
        let file = |name: &str| {
            let path = self.temporary.join(format!("{number}-{name}"));
            fs::write(&path, "").unwrap();
            path
        };
        let told = ["output", "env", "path", "summary"].map(file);
        let [output, env, path, markdown] = &told;
        let script = file("script.sh");
        fs::write(&script, text).unwrap();
        let log = file("log");
        let all = || fs::File::options().append(true).open(&log).unwrap();
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(&script)
            .current_dir(&self.workspace)
            .env_clear()
            .envs(&self.variables)
            .envs(environment)
            .env("GITHUB_WORKSPACE", &self.workspace)
            .env("RUNNER_TEMP", &self.temporary)
            .env("GITHUB_OUTPUT", output)
            .env("GITHUB_ENV", env)
            .env("GITHUB_PATH", path)
            .env("GITHUB_STEP_SUMMARY", markdown)
            .stdin(Stdio::null())
            .stdout(all())
            .stderr(all());
        let mut folders = self.path.clone();
        folders.extend(self.variables.get("PATH").cloned());
        let status = command.env("PATH", folders.join(":")).status().unwrap();
        let read = |file: &Path| fs::read_to_string(file).unwrap();
        for line in read(path).lines() {
            self.path.insert(0, line.to_owned());
        }
        self.variables.extend(assignments(&read(env)));
        summary.push_str(&read(markdown));
        let printed = read(&log);
        if status.success() {
            Ok((printed, assignments(&read(output))))
        } else {
            Err(format!("{printed}\n{status}"))
        }
    }
}

/// The names of a map and their values.
fn variables(node: Option<&Node>, table: &Table) -> Vec<(String, String)> {
    let entries = node.map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .map(|entry| (entry.key.clone(), table.text(entry.node.text().unwrap())))
        .collect()
}

/// What a step has written into `GITHUB_OUTPUT` or `GITHUB_ENV`.
fn assignments(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(|line| {
            let (name, value) = line
                .split_once('=')
                .filter(|(name, _)| !name.contains("<<"))
                .unwrap_or_else(|| panic!("{line:?} is not NAME=VALUE"));
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// The shell of a step: its own, or that of the job or of the workflow.
fn shell<'a>(workflow: &'a Workflow, job: &'a Job, step: &'a Step) -> &'a str {
    let default = |node: &'a Node| node.get("defaults")?.get("run")?.get("shell");
    step.node
        .get("shell")
        .or_else(|| default(&job.node))
        .or_else(|| default(&workflow.root))
        .and_then(Node::text)
        .unwrap_or("bash -e")
}
