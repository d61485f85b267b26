//! A workflow, its jobs and steps.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use crossover_file_check::Findings;

use crate::script::{Command, Script};
use crate::yaml::{self, Entry, Node};

/// The folder with the workflows, below the root of the repository.
pub const FOLDER: &str = ".github/workflows";

#[derive(Debug)]
pub struct Workflow {
    /// Relative to the root.
    pub path: PathBuf,
    pub text: String,
    pub root: Node,
    pub jobs: Vec<Job>,
}

#[derive(Debug)]
pub struct Job {
    pub id: String,
    pub line: usize,
    pub node: Node,
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub struct Step {
    pub line: usize,
    pub node: Node,
    pub script: Option<Script>,
}

impl Workflow {
    /// Reads a workflow; what is no YAML is a finding.
    pub fn parse(path: &Path, text: &str, findings: &mut Findings) -> Option<Self> {
        let root = match yaml::parse(text) {
            Ok(root) => root,
            Err(fault) => {
                findings.begin("syntax");
                findings.add((path, fault.line), fault.text);
                return None;
            }
        };
        let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
        Some(Self {
            path: path.to_owned(),
            text: text.to_owned(),
            jobs: jobs.iter().map(Job::new).collect(),
            root,
        })
    }

    pub fn name(&self) -> &str {
        self.path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }

    pub fn place(&self, line: usize) -> (&Path, usize) {
        (&self.path, line)
    }

    /// A line of the file, counted from 1; empty beyond its end.
    pub fn line(&self, number: usize) -> &str {
        self.text
            .lines()
            .nth(number.saturating_sub(1))
            .unwrap_or_default()
    }

    /// What starts the workflow: `push`, `workflow_dispatch` and others, with the line of each.
    pub fn triggers(&self) -> Vec<(&str, usize)> {
        let Some(on) = self.root.get("on") else {
            return Vec::new();
        };
        let mut triggers: Vec<(&str, usize)> = on.texts().into_iter().map(|text| (text, on.line)).collect();
        triggers.extend(on.entries().iter().map(|entry| (entry.key.as_str(), entry.line)));
        triggers
    }

    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id == id)
    }

    /// The rights of a job: its own, or else those of the workflow.
    pub fn rights<'a>(&'a self, job: &'a Job) -> &'a [Entry] {
        let node = job.node.get("permissions").or(self.root.get("permissions"));
        node.map(Node::entries).unwrap_or_default()
    }

    /// The group of runs that wait for each other: of the job, or else of the workflow.
    pub fn concurrency<'a>(&'a self, job: &'a Job) -> Option<&'a Node> {
        job.node.get("concurrency").or(self.root.get("concurrency"))
    }
}

impl Job {
    fn new(entry: &Entry) -> Self {
        let steps = entry.node.get("steps").map(Node::items).unwrap_or_default();
        Self {
            id: entry.key.clone(),
            line: entry.line,
            node: entry.node.clone(),
            steps: steps.iter().map(Step::new).collect(),
        }
    }

    /// The text of a key, empty without it.
    pub fn text(&self, key: &str) -> &str {
        self.node.get(key).and_then(Node::text).unwrap_or_default()
    }

    /// The jobs that must have succeeded before this one.
    pub fn needs(&self) -> Vec<&str> {
        self.node.get("needs").map(Node::texts).unwrap_or_default()
    }

    /// The GitHub environment, whose reviewers stand before the job.
    pub fn environment(&self) -> Option<&str> {
        let node = self.node.get("environment")?;
        node.text().or_else(|| node.get("name").and_then(Node::text))
    }

    /// Whether the job is another workflow of this repository, which is checked by itself.
    pub fn is_call(&self) -> bool {
        self.node.get("uses").is_some()
    }

    /// All commands of all steps.
    pub fn commands(&self) -> impl Iterator<Item = (&Step, Command)> {
        self.steps
            .iter()
            .flat_map(|step| step.commands().into_iter().map(move |command| (step, command)))
    }

    /// Whether a step uses this action, of whatever version.
    pub fn uses(&self, action: &str) -> bool {
        self.steps.iter().any(|step| step.action() == Some(action))
    }
}

impl Step {
    fn new(node: &Node) -> Self {
        let script = node.get("run").and_then(|run| {
            Some(Script {
                line: run.line,
                text: run.text()?.to_owned(),
            })
        });
        Self {
            line: node.line,
            node: node.clone(),
            script,
        }
    }

    /// The text of a key, empty without it.
    pub fn text(&self, key: &str) -> &str {
        self.node.get(key).and_then(Node::text).unwrap_or_default()
    }

    /// The text of an input of the action, empty without it.
    pub fn input(&self, key: &str) -> &str {
        let inputs = self.node.get("with");
        inputs
            .and_then(|inputs| inputs.get(key))
            .and_then(Node::text)
            .unwrap_or_default()
    }

    /// The action without its version.
    pub fn action(&self) -> Option<&str> {
        let uses = self.node.get("uses")?.text()?;
        uses.split('@').next()
    }

    pub fn commands(&self) -> Vec<Command> {
        self.script.as_ref().map(Script::commands).unwrap_or_default()
    }

    /// Whether the step also runs after a failure of an earlier one.
    pub fn runs_after_failure(&self) -> bool {
        let condition = self.text("if");
        condition.contains("failure()") || condition.contains("always()")
    }
}

/// Reads all workflows below a root, sorted.
pub fn workflows(root: &Path, findings: &mut Findings) -> anyhow::Result<Vec<Workflow>> {
    let folder = root.join(FOLDER);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if matches!(ending, Some("yml" | "yaml")) {
            names.extend(path.file_name().map(PathBuf::from));
        }
    }
    names.sort();
    let mut workflows = Vec::new();
    for name in names {
        let text = fs::read_to_string(folder.join(&name)).with_context(|| name.display().to_string())?;
        workflows.extend(Workflow::parse(&Path::new(FOLDER).join(name), &text, findings));
    }
    Ok(workflows)
}
