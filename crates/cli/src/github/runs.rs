//! A run of a workflow: who started it, who approved its jobs, and when they began.

use std::str::FromStr;

use anyhow::{anyhow, bail};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{GitHub, Repository, refused, unknown};

/// What is asked here, in messages.
const WHAT: &str = "the workflow runs";

/// One attempt of a run of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRun {
    repository: Repository,
    id: u64,
    attempt: u32,
}

/// What GitHub knows of the run, as the evidence stores it.
#[derive(Debug, Serialize)]
pub struct RunApprovals {
    repository: String,
    workflow_run: About,
    /// Of all attempts of the run, in GitHub's order. GitHub does not say when a review was given; its job starts after it.
    reviews: Vec<Review>,
    /// The jobs of this attempt.
    jobs: Vec<Job>,
    /// When GitHub was asked: every review was given before.
    read_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct About {
    id: u64,
    attempt: u32,
    number: u64,
    workflow: Option<String>,
    file: String,
    event: String,
    branch: Option<String>,
    commit: String,
    /// Who started the run.
    actor: Option<String>,
    /// Who started this attempt of it.
    triggering_actor: Option<String>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    url: String,
}

#[derive(Debug, Serialize)]
struct Review {
    /// `approved` or `rejected`, or `pending` for a comment alone.
    state: String,
    by: Option<String>,
    environments: Vec<String>,
    comment: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Job {
    id: u64,
    name: String,
    status: String,
    conclusion: Option<String>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Described {
    id: u64,
    run_attempt: u32,
    run_number: u64,
    name: Option<String>,
    path: String,
    event: String,
    head_branch: Option<String>,
    head_sha: String,
    actor: Option<User>,
    triggering_actor: Option<User>,
    created_at: Timestamp,
    run_started_at: Option<Timestamp>,
    html_url: String,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Approval {
    state: String,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    environments: Vec<Named>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Vec<Job>,
}

impl FromStr for WorkflowRun {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (rest, attempt) = text.rsplit_once('/')?;
            let (repository, id) = rest.rsplit_once('/')?;
            Some(Self {
                repository: repository.parse().ok()?,
                id: id.parse().ok()?,
                attempt: attempt.parse().ok().filter(|attempt| *attempt > 0)?,
            })
        };
        read().ok_or_else(|| {
            "write the repository, the id of the run and its attempt: OWNER/NAME/ID/ATTEMPT, in a workflow \
             \"$GITHUB_REPOSITORY/$GITHUB_RUN_ID/$GITHUB_RUN_ATTEMPT\""
                .to_owned()
        })
    }
}

impl RunApprovals {
    /// Who approved which environments, in words.
    pub fn approved(&self) -> Vec<String> {
        self.reviews
            .iter()
            .filter(|review| review.state == "approved")
            .map(|review| {
                let by = review.by.as_deref().unwrap_or("a deleted user");
                format!("{by} ({})", review.environments.join(", "))
            })
            .collect()
    }
}

impl GitHub {
    /// Who approved the jobs of a run.
    pub async fn approvals(&self, run: &WorkflowRun) -> anyhow::Result<RunApprovals> {
        let id = run.id.to_string();
        let attempt = run.attempt.to_string();
        let run_path = ["actions", "runs", &id];
        let attempt_path = ["actions", "runs", &id, "attempts", &attempt];
        let described: Described = self.of_run(run, &attempt_path).await?;
        if (described.id, described.run_attempt) != (run.id, run.attempt) {
            bail!(
                "GitHub answered with another run than {id}, attempt {attempt}; check the address of the API"
            );
        }
        let approvals: Vec<Approval> = self
            .of_run(run, &[&run_path[..], &["approvals"]].concat())
            .await?;
        let jobs: Jobs = self.of_run(run, &[&attempt_path[..], &["jobs"]].concat()).await?;
        Ok(RunApprovals {
            repository: run.repository.to_string(),
            workflow_run: described.into(),
            reviews: approvals.into_iter().map(Review::from).collect(),
            jobs: jobs.jobs,
            read_at: Timestamp::now(),
        })
    }

    async fn of_run<T: DeserializeOwned>(&self, run: &WorkflowRun, path: &[&str]) -> anyhow::Result<T> {
        let answer = self.get(&run.repository, path).await?;
        match answer.status {
            StatusCode::OK => self.parsed(&answer),
            StatusCode::NOT_FOUND => Err(anyhow!(
                "GitHub knows no run {}, attempt {}: {}",
                run.id,
                run.attempt,
                unknown(&run.repository)
            )),
            _ => Err(refused(&answer, &run.repository, WHAT)),
        }
    }
}

fn login(user: Option<User>) -> Option<String> {
    user.map(|user| user.login)
}

impl From<Described> for About {
    fn from(run: Described) -> Self {
        Self {
            id: run.id,
            attempt: run.run_attempt,
            number: run.run_number,
            workflow: run.name,
            file: run.path,
            event: run.event,
            branch: run.head_branch,
            commit: run.head_sha,
            actor: login(run.actor),
            triggering_actor: login(run.triggering_actor),
            created_at: run.created_at,
            started_at: run.run_started_at,
            url: run.html_url,
        }
    }
}

impl From<Approval> for Review {
    fn from(approval: Approval) -> Self {
        Self {
            state: approval.state,
            by: login(approval.user),
            environments: approval.environments.into_iter().map(|one| one.name).collect(),
            comment: approval.comment.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_its_repository_id_and_attempt() {
        let run: WorkflowRun = "octo-org/shop/16000000001/2".parse().unwrap();
        assert_eq!(run.repository.to_string(), "octo-org/shop");
        assert_eq!((run.id, run.attempt), (16_000_000_001, 2));
        for text in [
            "",
            "octo-org/shop",
            "octo-org/shop/7",
            "octo-org/shop/7/0",
            "octo-org/shop/x/1",
            "octo-org/shop/-7/1",
            "octo-org/../7/1",
            "https://github.com/octo-org/shop/7/1",
        ] {
            let refused = text.parse::<WorkflowRun>().unwrap_err();
            assert!(refused.contains("OWNER/NAME/ID/ATTEMPT"), "{text}");
        }
    }
}
