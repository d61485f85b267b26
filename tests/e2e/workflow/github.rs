//! A server on this machine in the place of GitHub's API. Its answers have the shape that GitHub documents for its REST
//! API, version 2022-11-28 ("Get an environment", "List environments", "Get a workflow run attempt", "Get the review history for a workflow run",
//! "List jobs for a workflow run attempt").

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The repository that has the workflows.
pub const REPOSITORY: &str = "octo-org/shop";

/// What the server knows.
#[derive(Default)]
struct Known {
    /// The users who have to approve, by the environment.
    reviewers: BTreeMap<String, Vec<String>>,
    /// The rights of each token.
    tokens: BTreeMap<String, Vec<String>>,
    /// The runs by their id.
    runs: BTreeMap<u64, Run>,
}

struct Run {
    /// The file of the workflow.
    file: String,
    reviews: Vec<Value>,
    jobs: Vec<Value>,
}

/// Whoever starts the runs.
pub const OPERATOR: &str = "monalisa";
const TIME: &str = "2026-08-01T08:00:00Z";

/// The server, and what a test tells it.
#[derive(Clone)]
pub struct GitHub {
    pub address: String,
    known: Arc<Mutex<Known>>,
}

impl GitHub {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let known = Arc::new(Mutex::new(Known::default()));
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&known));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, known }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Settings, Environments: who has to approve a job of this environment.
    pub fn protect(&self, environment: &str, reviewers: &[&str]) {
        let reviewers = reviewers.iter().map(|login| (*login).to_owned()).collect();
        self.known().reviewers.insert(environment.to_owned(), reviewers);
    }

    /// A person has started a run of this workflow.
    pub fn started(&self, id: u64, file: &str) {
        let run = Run {
            file: file.to_owned(),
            reviews: Vec::new(),
            jobs: Vec::new(),
        };
        self.known().runs.insert(id, run);
    }

    /// A job begins. In a protected environment its first reviewer has approved that.
    pub fn began(&self, id: u64, job: &str, environment: Option<&str>) {
        let mut known = self.known();
        let reviewers = environment.and_then(|name| known.reviewers.get(name));
        let reviewer = reviewers.and_then(|reviewers| reviewers.first()).cloned();
        let run = known.runs.get_mut(&id).unwrap();
        if let Some(reviewer) = reviewer {
            run.reviews.push(json!({
                "state": "approved", "comment": "Ship it!",
                "environments": [{ "id": 161_088_068, "name": environment, "created_at": TIME, "updated_at": TIME }],
                "user": { "login": reviewer, "id": 1, "type": "User", "site_admin": false }
            }));
        }
        run.jobs.push(json!({
            "id": 399_444_496 + run.jobs.len(), "run_id": id, "name": job, "status": "in_progress", "conclusion": null,
            "created_at": TIME, "started_at": TIME, "completed_at": null, "runner_name": "GitHub Actions 1"
        }));
    }

    /// A token of a job, with the rights that its workflow gives it, as in `actions: read`.
    pub fn token(&self, rights: Vec<String>) -> String {
        let mut known = self.known();
        let token = format!("ghs_hunter2_{}", known.tokens.len());
        known.tokens.insert(token.clone(), rights);
        token
    }
}

async fn answer(State(known): State<Arc<Mutex<Known>>>, request: Request) -> Response {
    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = |status: StatusCode, message: &str| {
        (status, json!({ "message": message }).to_string()).into_response()
    };
    let authorization = request.headers().get("authorization");
    let token = authorization
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(|token| known.tokens.get(token));
    let Some(rights) = token else {
        return refused(StatusCode::UNAUTHORIZED, "Bad credentials");
    };
    if !rights.iter().any(|right| right == "actions: read") {
        return refused(StatusCode::FORBIDDEN, "Resource not accessible by integration");
    }
    let of_repository = request
        .uri()
        .path()
        .strip_prefix("/repos/")
        .and_then(|path| path.strip_prefix(REPOSITORY));
    let parts: Vec<&str> = of_repository.unwrap_or_default().split('/').skip(1).collect();
    let found = match parts.as_slice() {
        ["environments"] => {
            let all = known.reviewers.iter();
            let all: Vec<Value> = all
                .map(|(name, reviewers)| environment(name, reviewers))
                .collect();
            Some(json!({ "total_count": all.len(), "environments": all }))
        }
        ["environments", name] => known
            .reviewers
            .get(*name)
            .map(|reviewers| environment(name, reviewers)),
        ["actions", "runs", id, rest @ ..] => id
            .parse()
            .ok()
            .and_then(|id| of_run(id, known.runs.get(&id)?, rest)),
        _ => None,
    };
    match found {
        Some(document) => document.to_string().into_response(),
        None => refused(StatusCode::NOT_FOUND, "Not Found"),
    }
}

/// An environment; without reviewers it has no rule that asks for them.
fn environment(name: &str, reviewers: &[String]) -> Value {
    let users: Vec<Value> = reviewers
        .iter()
        .map(|login| json!({ "type": "User", "reviewer": { "login": login, "id": 1, "type": "User" } }))
        .collect();
    let mut rules = vec![json!({ "id": 3756, "node_id": "c", "type": "branch_policy" })];
    if !users.is_empty() {
        rules.push(json!({
            "id": 3755, "node_id": "b", "type": "required_reviewers", "prevent_self_review": true, "reviewers": users
        }));
    }
    json!({
        "id": 161_088_068, "node_id": "MDExOkVudmlyb25tZW50MTYxMDg4MDY4", "name": name,
        "created_at": "2020-11-23T22:00:40Z", "updated_at": "2020-11-23T22:00:40Z", "can_admins_bypass": false,
        "protection_rules": rules,
        "deployment_branch_policy": { "protected_branches": true, "custom_branch_policies": false }
    })
}

/// What GitHub says of a run, all of whose attempts are the first.
fn of_run(id: u64, run: &Run, rest: &[&str]) -> Option<Value> {
    let user = json!({ "login": OPERATOR, "id": 2, "type": "User", "site_admin": false });
    match rest {
        ["attempts", "1"] => Some(json!({
            "id": id, "name": "Cutover", "node_id": "a", "head_branch": "main", "head_sha": "9fceb02d0ae598e95dc970b74767f19372d61af8",
            "path": run.file, "run_number": 562, "event": "workflow_dispatch", "status": "in_progress", "conclusion": null,
            "html_url": format!("https://github.com/{REPOSITORY}/actions/runs/{id}"), "created_at": TIME, "updated_at": TIME,
            "actor": user, "triggering_actor": user, "run_attempt": 1, "run_started_at": TIME
        })),
        ["attempts", "1", "jobs"] => Some(json!({ "total_count": run.jobs.len(), "jobs": run.jobs })),
        ["approvals"] => Some(json!(run.reviews)),
        _ => None,
    }
}
