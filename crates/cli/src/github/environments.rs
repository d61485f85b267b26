//! The environments of a repository, and who stands before a job in one.

use anyhow::{anyhow, bail};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

use super::{GitHub, Repository, printable, refused, unknown};

/// What is asked here, in messages.
const WHAT: &str = "the environments";

/// Who and what stands before a job in an environment.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// Logins; the approval of one user or of one member of a team is enough.
    pub users: Vec<String>,
    /// The short names of teams.
    pub teams: Vec<String>,
    /// Whoever started the run cannot approve it.
    pub prevent_self_review: bool,
    pub wait_timer_minutes: u32,
    /// Administrators can let a job pass without an approval; null where GitHub does not say.
    pub can_admins_bypass: Option<bool>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    #[serde(default)]
    protection_rules: Vec<Rule>,
    can_admins_bypass: Option<bool>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Rule {
    RequiredReviewers {
        #[serde(default)]
        prevent_self_review: bool,
        #[serde(default)]
        reviewers: Vec<Reviewer>,
    },
    WaitTimer {
        wait_timer: u32,
    },
    /// Rules about branches, and of apps: nobody approves there.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "reviewer")]
enum Reviewer {
    User { login: String },
    Team { slug: String },
}

#[derive(Deserialize)]
struct List {
    environments: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl GitHub {
    /// The protection of one environment.
    pub async fn environment(&self, repository: &Repository, name: &str) -> anyhow::Result<Environment> {
        let answer = self.get(repository, &["environments", name]).await?;
        match answer.status {
            StatusCode::OK => {
                let described: Described = self.parsed(&answer)?;
                if !described.name.eq_ignore_ascii_case(name) {
                    bail!(
                        "GitHub answered with another environment than {name}; check the address of the API"
                    );
                }
                Ok(described.into())
            }
            StatusCode::NOT_FOUND => Err(self.not_found(repository, name).await),
            _ => Err(refused(&answer, repository, WHAT)),
        }
    }

    /// What is unknown: the environment, or the repository.
    async fn not_found(&self, repository: &Repository, name: &str) -> anyhow::Error {
        let listed = match self.get(repository, &["environments"]).await {
            Err(error) => return error,
            Ok(answer) => match answer.status {
                StatusCode::OK => self.parsed::<List>(&answer),
                StatusCode::NOT_FOUND => return unknown(repository),
                _ => return refused(&answer, repository, WHAT),
            },
        };
        match listed {
            Err(error) => error,
            Ok(list) if list.environments.is_empty() => anyhow!(
                "{repository} has no environment {name}, and no other; create it in the repository's Settings, Environments, with required reviewers"
            ),
            Ok(list) => {
                let names: Vec<String> = list
                    .environments
                    .iter()
                    .map(|known| printable(&known.name))
                    .collect();
                anyhow!(
                    "{repository} has no environment {name}; it has {}: name one of them, or create it with required reviewers",
                    names.join(", ")
                )
            }
        }
    }
}

impl Environment {
    /// Whether a job waits until somebody approves it.
    pub fn requires_approval(&self) -> bool {
        !self.users.is_empty() || !self.teams.is_empty()
    }
}

impl From<Described> for Environment {
    fn from(described: Described) -> Self {
        let mut environment = Self {
            users: Vec::new(),
            teams: Vec::new(),
            prevent_self_review: false,
            wait_timer_minutes: 0,
            can_admins_bypass: described.can_admins_bypass,
        };
        for rule in described.protection_rules {
            match rule {
                Rule::RequiredReviewers {
                    prevent_self_review,
                    reviewers,
                } => {
                    environment.prevent_self_review |= prevent_self_review;
                    for reviewer in reviewers {
                        match reviewer {
                            Reviewer::User { login } => environment.users.push(printable(&login)),
                            Reviewer::Team { slug } => environment.teams.push(printable(&slug)),
                        }
                    }
                }
                Rule::WaitTimer { wait_timer } => environment.wait_timer_minutes = wait_timer,
                Rule::Other => {}
            }
        }
        environment.users.sort();
        environment.teams.sort();
        environment
    }
}
