//! The environments of a repository, as GitHub's REST API (version 2022-11-28) has them.
//!
//! No text of an answer but names gets into a message: whatever sits at the address could send the token back.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use crossover_core::{Secret, routing::is_loopback};
use jiff::Timestamp;
use reqwest::{
    Client, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue},
    redirect,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::repository::Repository;

const VERSION: &str = "2022-11-28";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// A client with the rights of one token.
pub struct GitHub {
    client: Client,
    base: Url,
}

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
    /// Fails if the address would let the token cross a network in the clear, or has a user in it.
    pub fn new(api: &Url, token: &Secret<String>) -> anyhow::Result<Self> {
        // Another part of the process may already have installed a provider; any provider works.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let local = api.host_str().is_some_and(is_loopback);
        if !api.username().is_empty() || api.password().is_some() {
            bail!("the address of the API contains a user; remove everything before the host");
        }
        if api.scheme() != "https" && !(api.scheme() == "http" && local) {
            bail!("{api} is not an address that a token may be sent to: use https");
        }
        // The cause would repeat the token.
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| anyhow!("the token has characters that no token has; copy it again"))?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (
                reqwest::header::HeaderName::from_static("x-github-api-version"),
                HeaderValue::from_static(VERSION),
            ),
        ]);
        let client = Client::builder()
            .user_agent(concat!("crossover/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(redirect::Policy::none());
        let client = if local { client.no_proxy() } else { client };
        Ok(Self {
            client: client.build().context("TLS cannot be set up")?,
            base: api.clone(),
        })
    }

    /// The protection of one environment.
    pub async fn environment(&self, repository: &Repository, name: &str) -> anyhow::Result<Environment> {
        let (status, headers, body) = self.get(repository, Some(name)).await?;
        match status {
            StatusCode::OK => {
                let described: Described = parsed(&body)?;
                if !described.name.eq_ignore_ascii_case(name) {
                    bail!(
                        "GitHub answered with another environment than {name}; check the address of the API"
                    );
                }
                Ok(described.into())
            }
            StatusCode::NOT_FOUND => Err(self.not_found(repository, name).await),
            _ => Err(refused(status, &headers, repository)),
        }
    }

    /// What is unknown: the environment, or the repository.
    async fn not_found(&self, repository: &Repository, name: &str) -> anyhow::Error {
        let listed = match self.get(repository, None).await {
            Err(error) => return error,
            Ok((StatusCode::OK, _, body)) => parsed::<List>(&body),
            Ok((StatusCode::NOT_FOUND, ..)) => {
                return anyhow!(
                    "GitHub knows no repository {repository}, or does not show it to this token; check the name, and let the token read the repository \
                     (fine-grained: select it, with Actions: read; classic: the scope repo)"
                );
            }
            Ok((status, headers, _)) => return refused(status, &headers, repository),
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

    async fn get(
        &self,
        repository: &Repository,
        environment: Option<&str>,
    ) -> anyhow::Result<(StatusCode, HeaderMap, Vec<u8>)> {
        let mut url = self.base.clone();
        url.set_query(None);
        url.path_segments_mut()
            .map_err(|()| anyhow!("the address of the API has no path"))?
            .pop_if_empty()
            .extend([
                "repos",
                repository.owner.as_str(),
                repository.name.as_str(),
                "environments",
            ])
            .extend(environment);
        if environment.is_none() {
            url.set_query(Some("per_page=100"));
        }
        let no_answer = || {
            format!(
                "{} does not answer; check the network and the address of the API",
                self.base
            )
        };
        let response = self.client.get(url).send().await.with_context(no_answer)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.with_context(no_answer)?;
        Ok((status, headers, body.to_vec()))
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        // Where, and not what: the text of the error may have parts of the answer.
        anyhow!(
            "GitHub's answer is not what its API {VERSION} describes (line {}, column {}); check the address of the API",
            error.line(),
            error.column()
        )
    })
}

/// Why GitHub did not answer the question, with the remedy.
fn refused(status: StatusCode, headers: &HeaderMap, repository: &Repository) -> anyhow::Error {
    let number = |name: &str| {
        let text = headers.get(name).and_then(|value| value.to_str().ok());
        text.and_then(|text| text.parse::<i64>().ok())
    };
    let limited = status == StatusCode::TOO_MANY_REQUESTS
        || number("x-ratelimit-remaining") == Some(0)
        || headers.contains_key("retry-after");
    match status {
        StatusCode::UNAUTHORIZED => anyhow!(
            "GitHub refuses the token: it has expired, was revoked, or is not a token of this GitHub; make a new one (fine-grained, Actions: read) and put it into GITHUB_TOKEN"
        ),
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS if limited => {
            let reset = number("x-ratelimit-reset").and_then(|at| Timestamp::from_second(at).ok());
            let when = match (number("retry-after"), reset) {
                (Some(seconds), _) => format!("in {seconds} s"),
                (None, Some(at)) => format!("after {at}"),
                (None, None) => "in an hour".to_owned(),
            };
            anyhow!("the rate limit of this token is used up; try again {when}, or use another token")
        }
        StatusCode::FORBIDDEN if headers.contains_key("x-github-sso") => anyhow!(
            "the organisation {} admits tokens by single sign-on only; authorise the token for it in GitHub's settings",
            repository.owner
        ),
        StatusCode::FORBIDDEN => anyhow!(
            "the token may not read the environments of {repository}; give it the repository permission Actions (read), in a workflow `permissions: actions: read`"
        ),
        _ if status.is_redirection() => {
            anyhow!("the repository {repository} has moved; use its new name, which its page on GitHub shows")
        }
        _ if status.is_server_error() => anyhow!("GitHub fails with {status}; try again"),
        _ => anyhow!(
            "GitHub answered with {status}, which its API {VERSION} does not describe; check the address of the API"
        ),
    }
}

/// A name without anything that a terminal would obey.
fn printable(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).collect()
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
