//! Workflow runs, asked of a server on this machine whose answers have the shape that GitHub documents ("Get a workflow run
//! attempt", "Get the review history for a workflow run", "List jobs for a workflow run attempt").

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;

const TOKEN: &str = "ghs_hunter2";

fn user(login: &str) -> Value {
    json!({ "login": login, "id": 1, "type": "User", "site_admin": false })
}

async fn answer(request: Request) -> Response {
    let path = request.uri().path();
    let Some(rest) = path.strip_prefix("/repos/octo-org/shop/actions/runs/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let time = "2026-08-01T08:00:00Z";
    let (id, what) = (parts[0], &parts[1..]);
    let document = match (id, what) {
        ("403", _) => return StatusCode::FORBIDDEN.into_response(),
        // Another run than the one that was asked for.
        ("8", ["attempts", _]) | ("7" | "9", ["attempts", "2"]) => json!({
            "id": if id == "9" { 9 } else { 7 }, "name": "Cutover", "head_branch": "main", "head_sha": "9fceb02d",
            "path": ".github/workflows/cutover.yml", "run_number": 562, "event": "workflow_dispatch",
            "html_url": "https://github.com/octo-org/shop/actions/runs/7", "created_at": time,
            "actor": user("monalisa"), "triggering_actor": user("hubot"), "run_attempt": 2, "run_started_at": time
        }),
        ("7", ["approvals"]) => json!([
            { "state": "rejected", "comment": "Not now", "environments": [{ "name": "prod-cutover" }], "user": user("octocat") },
            { "state": "approved", "comment": "", "environments": [{ "name": "prod-cutover" }], "user": user("octocat") },
            { "state": "approved", "comment": "", "environments": [{ "name": "prod-rollback" }], "user": null },
        ]),
        // Whoever answers so is not GitHub.
        ("9", ["approvals"]) => {
            json!([{ "state": "approved", "comment": format!("Bearer {TOKEN}"), "user": null }])
        }
        (_, ["attempts", _, "jobs"]) => json!({ "total_count": 1, "jobs": [{
            "id": 399, "run_id": 7, "name": "Cut over", "status": "in_progress", "conclusion": null,
            "created_at": time, "started_at": "2026-08-01T09:30:00Z", "completed_at": null
        }] }),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    document.to_string().into_response()
}

async fn approvals(run: &str) -> anyhow::Result<RunApprovals> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let github = GitHub::new(&address.parse().unwrap(), Secret::new(TOKEN.to_owned())).unwrap();
    github.approvals(&run.parse().unwrap()).await
}

#[tokio::test]
async fn a_run_is_stored_with_who_started_it_who_reviewed_it_and_when_its_jobs_began() {
    let approvals = approvals("octo-org/shop/7/2").await.unwrap();
    assert_eq!(
        approvals.approved(),
        ["octocat (prod-cutover)", "a deleted user (prod-rollback)"]
    );
    let stored = json!(approvals);
    let run = &stored["workflow_run"];
    assert_eq!(
        (
            &run["id"],
            &run["attempt"],
            &run["actor"],
            &run["triggering_actor"]
        ),
        (&json!(7), &json!(2), &json!("monalisa"), &json!("hubot"))
    );
    assert_eq!(
        stored["reviews"][0],
        json!({ "state": "rejected", "by": "octocat", "environments": ["prod-cutover"], "comment": "Not now" })
    );
    assert_eq!(stored["jobs"][0]["started_at"], "2026-08-01T09:30:00Z");
    assert!(stored["read_at"].is_string());
}

#[tokio::test]
async fn what_cannot_be_told_of_a_run_has_its_own_remedy_and_never_the_token() {
    for (run, words) in [
        ("octo-org/shop/7/3", "no run 7, attempt 3"),
        ("octo-org/shops/7/2", "let the token read the repository"),
        ("octo-org/shop/8/2", "another run than 8, attempt 2"),
        (
            "octo-org/shop/403/2",
            "may not read the workflow runs of octo-org/shop",
        ),
        ("octo-org/shop/9/2", "repeats the token"),
    ] {
        let error = format!("{:#}", approvals(run).await.unwrap_err());
        assert!(
            error.contains(words) && !error.contains("hunter2"),
            "{run}: {error}"
        );
    }
}
