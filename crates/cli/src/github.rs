//! GitHub's REST API, version 2022-11-28, as far as the command asks it.
//!
//! No text of an answer but names gets into a message: whatever sits at the address could send the token back.

mod environments;
mod repository;
mod runs;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use crossover_core::{Secret, routing::is_loopback};
use jiff::Timestamp;
use reqwest::{
    Client, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue},
    redirect,
};
use serde::de::DeserializeOwned;

pub use environments::Environment;
pub use repository::{Repository, environment};
pub use runs::{RunApprovals, WorkflowRun};

const VERSION: &str = "2022-11-28";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);
/// Holds the token, which no option may: options are visible to every user of the machine.
const TOKEN_VARIABLE: &str = "GITHUB_TOKEN";

/// The option that names the API.
#[derive(Debug, Clone, clap::Args)]
pub struct Api {
    /// GitHub's REST API; for GitHub Enterprise Server https://HOST/api/v3
    #[arg(
        long,
        value_name = "URL",
        env = "GITHUB_API_URL",
        default_value = "https://api.github.com"
    )]
    api_url: Url,
}

impl Api {
    /// A client with the token of the environment.
    pub fn client(&self) -> anyhow::Result<GitHub> {
        GitHub::new(&self.api_url, token()?)
    }
}

fn token() -> anyhow::Result<Secret<String>> {
    let token = std::env::var(TOKEN_VARIABLE).unwrap_or_default();
    let token = Secret::new(token.trim().to_owned());
    if token.expose().is_empty() {
        return Err(anyhow!(
            "make a token that may read the repository's environments and workflow runs (fine-grained, Actions: read), and put it there"
        ))
        .context(format!("{TOKEN_VARIABLE} holds no token"));
    }
    Ok(token)
}

/// A client with the rights of one token.
pub struct GitHub {
    client: Client,
    base: Url,
    token: Secret<String>,
}

/// What GitHub has answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl GitHub {
    /// Fails if the address would let the token cross a network in the clear, or has a user in it.
    fn new(api: &Url, token: Secret<String>) -> anyhow::Result<Self> {
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
            token,
        })
    }

    /// Asks for what is at this path below the repository.
    async fn get(&self, repository: &Repository, path: &[&str]) -> anyhow::Result<Answer> {
        let mut url = self.base.clone();
        url.set_query(None);
        url.path_segments_mut()
            .map_err(|()| anyhow!("the address of the API has no path"))?
            .pop_if_empty()
            .extend(["repos", repository.owner.as_str(), repository.name.as_str()])
            .extend(path);
        // As many as there can be on one page of a list; what is no list ignores it.
        url.set_query(Some("per_page=100"));
        let no_answer = || {
            format!(
                "{} does not answer; check the network and the address of the API",
                self.base
            )
        };
        let response = self.client.get(url).send().await.with_context(no_answer)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.with_context(no_answer)?;
        Ok(Answer {
            status,
            headers,
            body: body.to_vec(),
        })
    }

    /// The document of an answer. One with the token in it is refused: parts of it are printed and stored.
    fn parsed<T: DeserializeOwned>(&self, answer: &Answer) -> anyhow::Result<T> {
        let document = serde_json::from_slice(&answer.body).map_err(|error| {
            // Where, and not what: the text of the error may have parts of the answer.
            anyhow!(
                "GitHub's answer is not what its API {VERSION} describes (line {}, column {}); check the address of the API",
                error.line(),
                error.column()
            )
        })?;
        if String::from_utf8_lossy(&answer.body).contains(self.token.expose()) {
            bail!("the answer repeats the token, which GitHub never does; check the address of the API");
        }
        Ok(document)
    }
}

/// Why GitHub did not answer a question about `what` of a repository, with the remedy.
fn refused(answer: &Answer, repository: &Repository, what: &str) -> anyhow::Error {
    let Answer { status, headers, .. } = answer;
    let status = *status;
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
            "the token may not read {what} of {repository}; give it the repository permission Actions (read), in a workflow `permissions: actions: read`"
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

/// The error for a repository that GitHub does not show.
fn unknown(repository: &Repository) -> anyhow::Error {
    anyhow!(
        "GitHub knows no repository {repository}, or does not show it to this token; check the name, and let the token read the repository \
         (fine-grained: select it, with Actions: read; classic: the scope repo)"
    )
}

/// A name without anything that a terminal would obey.
fn printable(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).collect()
}
