//! The workflows of GitHub Actions, run as GitHub runs them: jobs in the order of `needs`, each on a machine of its own,
//! the `run` blocks by bash as they stand in the file. What is not on this machine is represented: GitHub's API by a
//! server ([`github`]), the actions by functions ([`actions`]), `aws`, `cargo` and `rustup` by scripts ([`programs`]).

mod actions;
mod github;
mod job;
mod programs;
mod table;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crossover_file_check::Findings;
use crossover_stand::postgres::workspace_root;
use crossover_workflow_check::workflow::{Job, Workflow, workflows};

use actions::Outside;
use github::{GitHub, REPOSITORY};
use job::Machine;
pub use job::{Ended, JobEnd};
use table::Table;

/// The roles of AWS, and the environment that each trusts (docs/workflows.md).
const ROLES: &[(&str, &str)] = &[
    ("cutover", "prod-cutover"),
    ("dry-run", "prod-dry-run"),
    ("rollback", "prod-rollback"),
];

/// A repository on GitHub whose default branch has a migration.
pub struct Repository {
    pub github: GitHub,
    workflows: Vec<Workflow>,
    folder: PathBuf,
    runs: u64,
    /// The secret `EVIDENCE_SIGNING_KEY` of the environments; empty as for GitHub where there is none.
    pub signing_key: String,
}

/// A run of a workflow.
pub struct Run {
    /// `gh-` and the ids by which the workflows name a run of the lane.
    pub name: String,
    jobs: BTreeMap<String, JobEnd>,
    table: Table,
    folder: PathBuf,
}

impl Run {
    pub fn job(&self, id: &str) -> &JobEnd {
        &self.jobs[id]
    }

    /// Asserts how a job has ended, and shows what its steps printed where it has not.
    pub fn ended(&self, id: &str, how: Ended) -> &JobEnd {
        let job = self.job(id);
        assert_eq!(job.ended, how, "{id}: {:#?}", job.steps);
        job
    }

    /// The folder of an artifact.
    pub fn artifact(&self, name: &str) -> PathBuf {
        let folder = self.folder.join("artifacts").join(name);
        assert!(folder.is_dir(), "the run has no artifact {name}");
        folder
    }

    /// The notices that went to the topic.
    pub fn notices(&self) -> String {
        fs::read_to_string(self.folder.join(programs::NOTICES)).unwrap_or_default()
    }
}

impl Repository {
    /// A repository with this configuration of a migration.
    pub async fn new(folder: &Path, config: &Path) -> Self {
        let mut findings = Findings::default();
        let workflows = workflows(&workspace_root(), &mut findings).unwrap();
        assert!(findings.is_empty(), "{:?}", findings.sorted());
        let checkout = folder.join("checkout");
        fs::create_dir_all(&checkout).unwrap();
        fs::copy(config, checkout.join("crossover.toml")).unwrap();
        fs::write(checkout.join("Cargo.toml"), "[workspace]\n").unwrap();
        Self {
            github: GitHub::start().await,
            workflows,
            folder: folder.to_owned(),
            runs: 0,
            signing_key: String::new(),
        }
    }

    /// Runs a workflow that a person starts with these inputs.
    pub fn run(&mut self, workflow: &str, inputs: &[(&str, &str)]) -> Run {
        self.runs += 1;
        let id = 16_000_000_000 + self.runs;
        let mut run = Run {
            name: format!("gh-{id}-1"),
            jobs: BTreeMap::new(),
            table: Table::default(),
            folder: self.folder.join(format!("run-{}", self.runs)),
        };
        programs::write(&run.folder.join("programs"), &run.folder.join(programs::NOTICES));
        let table = &mut run.table;
        for (name, value) in [
            ("github.run_id", id.to_string()),
            ("github.run_attempt", "1".to_owned()),
            ("github.server_url", "https://github.com".to_owned()),
            ("github.repository", REPOSITORY.to_owned()),
            ("inputs.config", "crossover.toml".to_owned()),
            ("vars.AWS_REGION", "eu-central-1".to_owned()),
            (
                "vars.NOTICE_TOPIC_ARN",
                "arn:aws:sns:eu-central-1:123456789012:notices".to_owned(),
            ),
        ] {
            table.set(name, value);
        }
        table.set("secrets.EVIDENCE_SIGNING_KEY", &self.signing_key);
        for (role, _) in ROLES {
            let variable = role.to_uppercase().replace('-', "_");
            table.set(
                format!("vars.{variable}_ROLE_ARN"),
                format!("arn:aws:iam::123456789012:role/{role}"),
            );
        }
        for (name, value) in inputs {
            table.set(format!("inputs.{name}"), *value);
        }
        let workflow = self.workflow(workflow);
        self.github.started(id, workflow.path.to_str().unwrap());
        for job in &workflow.jobs {
            let end = self.begin(&run, workflow, job);
            for (output, value) in &end.outputs {
                run.table.set(format!("needs.{}.outputs.{output}", job.id), value);
            }
            run.jobs.insert(job.id.clone(), end);
        }
        run
    }

    /// Runs one job of an earlier run again, which in the meantime has other values.
    pub fn again(&self, run: &Run, workflow: &str, job: &str, values: &[(&str, &str)]) -> Run {
        let mut again = Run {
            name: run.name.clone(),
            jobs: BTreeMap::new(),
            table: run.table.clone(),
            folder: run.folder.clone(),
        };
        for (name, value) in values {
            again.table.set(*name, *value);
        }
        let workflow = self.workflow(workflow);
        let end = self.execute(&again, workflow, workflow.job(job).unwrap());
        again.jobs.insert(job.to_owned(), end);
        again
    }

    fn workflow(&self, name: &str) -> &Workflow {
        let found = self.workflows.iter().find(|workflow| workflow.name() == name);
        found.unwrap_or_else(|| panic!("there is no workflow {name}"))
    }

    /// A job, if its condition holds and every job before it has succeeded.
    fn begin(&self, run: &Run, workflow: &Workflow, job: &Job) -> JobEnd {
        let stopped = job.needs().iter().any(|id| run.job(id).ended != Ended::Succeeded);
        if !run.table.holds(job.text("if"), stopped) {
            return JobEnd::skipped();
        }
        match job.text("uses").strip_prefix("./.github/workflows/") {
            Some(called) => self.call(run, self.workflow(called)),
            None => self.execute(run, workflow, job),
        }
    }

    /// A job that is another workflow, of one job. Its outputs are those that the workflow declares.
    fn call(&self, run: &Run, called: &Workflow) -> JobEnd {
        let [job] = called.jobs.as_slice() else {
            panic!("{}: only one job is known here", called.name());
        };
        let mut end = self.execute(run, called, job);
        let mut table = run.table.clone();
        for (output, value) in &end.outputs {
            table.set(format!("jobs.{}.outputs.{output}", job.id), value);
        }
        let declared = called
            .root
            .get("on")
            .and_then(|on| on.get("workflow_call")?.get("outputs"))
            .unwrap();
        if end.ended == Ended::Succeeded {
            let value = |entry: &crossover_workflow_check::yaml::Entry| {
                let text = entry.node.get("value").and_then(|value| value.text()).unwrap();
                (entry.key.clone(), table.text(text))
            };
            end.outputs = declared.entries().iter().map(value).collect();
        }
        end
    }

    fn execute(&self, run: &Run, workflow: &Workflow, job: &Job) -> JobEnd {
        let rights = workflow.rights(job).iter();
        let right = |entry: &crossover_workflow_check::yaml::Entry| {
            format!("{}: {}", entry.key, entry.node.text().unwrap_or_default())
        };
        let token = self.github.token(rights.map(right).collect());
        let id = run.table.value("github.run_id").parse().unwrap();
        self.github.began(id, job.text("name"), job.environment());
        let mut table = run.table.clone();
        table.set("github.token", &token);
        let folder = tempfile::Builder::new()
            .prefix(&format!("{}-", job.id))
            .tempdir_in(&run.folder)
            .unwrap()
            .keep();
        let path = std::env::var("PATH").unwrap();
        let variables = [
            (
                "PATH",
                format!("{}:{path}", run.folder.join("programs").display()),
            ),
            ("HOME", folder.display().to_string()),
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_API_URL", self.github.address.clone()),
            ("GITHUB_SERVER_URL", table.value("github.server_url").to_owned()),
            ("GITHUB_REPOSITORY", REPOSITORY.to_owned()),
            ("GITHUB_RUN_ID", table.value("github.run_id").to_owned()),
            ("GITHUB_RUN_ATTEMPT", table.value("github.run_attempt").to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let outside = Outside {
            checkout: &self.folder.join("checkout"),
            artifacts: run.folder.join("artifacts"),
            roles: ROLES,
        };
        let end = Machine::new(&folder, variables.into()).run(workflow, job, table, &outside);
        let shown = format!("{end:?}");
        let lines = self.signing_key.lines().filter(|line| !line.starts_with('-'));
        for secret in lines.chain([token.as_str()]) {
            assert!(!shown.contains(secret), "a secret was printed: {shown}");
        }
        end
    }
}
