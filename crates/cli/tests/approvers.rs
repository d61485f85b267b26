//! `crossover approvers` against a server on this machine. Tests do not reach GitHub itself: the answers below have the shape that
//! GitHub documents for its REST API, version 2022-11-28 ("Get an environment", "List environments").

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

use std::process::{Command, Stdio};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const TOKEN: &str = "github_pat_hunter2";

/// An environment as GitHub describes it, with these rules.
fn environment(name: &str, rules: &Value) -> Value {
    json!({
        "id": 161_088_068, "node_id": "MDExOkVudmlyb25tZW50MTYxMDg4MDY4", "name": name,
        "url": format!("https://api.github.com/repos/octo-org/shop/environments/{name}"),
        "html_url": "https://github.com/octo-org/shop/deployments/activity_log?environments_filter=x",
        "created_at": "2020-11-23T22:00:40Z", "updated_at": "2020-11-23T22:00:40Z", "can_admins_bypass": true,
        "protection_rules": rules,
        "deployment_branch_policy": { "protected_branches": false, "custom_branch_policies": true }
    })
}

fn reviewed() -> Value {
    json!([
        { "id": 3736, "node_id": "a", "type": "wait_timer", "wait_timer": 30 },
        { "id": 3755, "node_id": "b", "type": "required_reviewers", "prevent_self_review": true, "reviewers": [
            { "type": "User", "reviewer": { "login": "octocat", "id": 1, "type": "User", "site_admin": false } },
            { "type": "Team", "reviewer": { "id": 1, "name": "Database Team", "slug": "database-team", "privacy": "closed" } }
        ] },
        { "id": 3756, "node_id": "c", "type": "branch_policy" }
    ])
}

fn with_headers(status: StatusCode, headers: &[(&'static str, &'static str)]) -> Response {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    // A hostile answer: it sends the token back.
    (
        status,
        headers,
        json!({ "message": format!("token {TOKEN}") }).to_string(),
    )
        .into_response()
}

async fn github(request: Request) -> Response {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    assert_eq!(header("x-github-api-version"), "2022-11-28");
    assert_eq!(header("accept"), "application/vnd.github+json");
    assert!(header("user-agent").starts_with("crossover/"));
    if header("authorization") != format!("Bearer {TOKEN}") {
        return with_headers(StatusCode::UNAUTHORIZED, &[]);
    }
    let path = request.uri().path();
    let Some(name) = path.strip_prefix("/api/v3/repos/octo-org/shop/environments") else {
        return with_headers(StatusCode::NOT_FOUND, &[]);
    };
    let reviewers = |reviewers: Value| json!([{ "type": "required_reviewers", "reviewers": reviewers }]);
    let one = json!([{ "type": "User", "reviewer": { "login": "octocat" } }]);
    let document = match name {
        "" => {
            json!({ "total_count": 2, "environments": [environment("prod-cutover", &reviewed()), environment("dev", &json!([]))] })
        }
        "/prod-cutover" => environment("prod-cutover", &reviewed()),
        "/dev" => environment(
            "dev",
            &json!([{ "type": "wait_timer", "wait_timer": 5 }, { "type": "branch_policy" }]),
        ),
        "/empty" => environment("empty", &reviewers(json!([]))),
        "/prod%2Feu%20west" => environment("prod/eu west", &reviewers(one)),
        "/robots" => environment(
            "robots",
            &reviewers(json!([{ "type": "Robot", "reviewer": { "id": TOKEN } }])),
        ),
        "/other" => environment("dev", &reviewed()),
        "/limited" => {
            let headers = [
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1785542400"),
            ];
            return with_headers(StatusCode::FORBIDDEN, &headers);
        }
        "/secondary" => return with_headers(StatusCode::TOO_MANY_REQUESTS, &[("retry-after", "60")]),
        "/sso" => {
            return with_headers(
                StatusCode::FORBIDDEN,
                &[("x-github-sso", "required; url=https://x")],
            );
        }
        "/forbidden" => return with_headers(StatusCode::FORBIDDEN, &[("x-ratelimit-remaining", "4999")]),
        "/moved" => {
            return with_headers(
                StatusCode::MOVED_PERMANENTLY,
                &[("location", "https://example.com/")],
            );
        }
        "/down" => return with_headers(StatusCode::BAD_GATEWAY, &[]),
        _ => return with_headers(StatusCode::NOT_FOUND, &[]),
    };
    document.to_string().into_response()
}

/// Where the server is.
async fn api() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(github);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/api/v3")
}

struct Answer {
    status: Option<i32>,
    text: String,
    error: String,
}

async fn ask(api: &str, token: &str, arguments: &[&str]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossover"));
    command
        .args(["approvers", "--api-url", api])
        .args(arguments)
        .env("GITHUB_TOKEN", token)
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let answer = Answer {
        status: output.status.code(),
        text: text(&output.stdout),
        error: text(&output.stderr),
    };
    assert!(
        !answer.text.contains("hunter2") && !answer.error.contains("hunter2"),
        "{}",
        answer.error
    );
    answer
}

async fn about(api: &str, environment: &str) -> Answer {
    ask(
        api,
        TOKEN,
        &["--repository", "octo-org/shop", "--environment", environment],
    )
    .await
}

#[tokio::test]
async fn required_reviewers_are_named_and_the_status_is_0() {
    let api = api().await;
    let answer = about(&api, "prod-cutover").await;
    assert_eq!(answer.status, Some(0), "{}", answer.error);
    for word in [
        "SOMEBODY HAS TO APPROVE",
        "prod-cutover of octo-org/shop",
        "user octocat, team database-team",
        "cannot approve it",
        "administrators",
        "30 min",
    ] {
        assert!(answer.text.contains(word), "{word}: {}", answer.text);
    }
    // A name is one segment of the address, whatever is in it. A slash at the end of the API's address changes nothing.
    let answer = about(&format!("{api}/"), "prod/eu west").await;
    assert_eq!(answer.status, Some(0), "{}", answer.error);
    assert!(answer.text.contains("may approve it"), "{}", answer.text);
}

#[tokio::test]
async fn the_json_has_the_reviewers() {
    let api = api().await;
    let arguments = [
        "--json",
        "--repository",
        "octo-org/shop",
        "--environment",
        "prod-cutover",
    ];
    let answer = ask(&api, TOKEN, &arguments).await;
    assert_eq!(
        serde_json::from_str::<Value>(&answer.text).unwrap(),
        json!({
            "repository": "octo-org/shop", "environment": "prod-cutover", "approval_required": true, "users": ["octocat"],
            "teams": ["database-team"], "prevent_self_review": true, "wait_timer_minutes": 30, "can_admins_bypass": true
        })
    );
    assert!(
        answer.error.contains("SOMEBODY HAS TO APPROVE"),
        "{}",
        answer.error
    );
}

#[tokio::test]
async fn without_reviewers_the_status_is_1_with_the_remedy_and_its_limit() {
    let api = api().await;
    for name in ["dev", "empty"] {
        let answer = about(&api, name).await;
        assert_eq!(answer.status, Some(1), "{}", answer.error);
        for word in [
            "NOBODY HAS TO APPROVE",
            "Required reviewers",
            "GitHub Enterprise",
            "state machine",
        ] {
            assert!(answer.text.contains(word), "{word}: {}", answer.text);
        }
    }
    assert!(about(&api, "dev").await.text.contains("a delay and no approval"));
}

#[tokio::test]
async fn what_cannot_be_answered_ends_with_2_and_its_own_remedy() {
    let api = api().await;
    for (name, words) in [
        ("prod", &["no environment prod", "prod-cutover, dev"][..]),
        ("limited", &["rate limit", "2026-08-01T00:00:00Z"]),
        ("secondary", &["rate limit", "in 60 s"]),
        ("sso", &["single sign-on", "octo-org"]),
        ("forbidden", &["may not read", "Actions (read)"]),
        ("moved", &["has moved", "new name"]),
        ("down", &["502", "try again"]),
        ("robots", &["not what its API"]),
        ("other", &["another environment"]),
    ] {
        let answer = about(&api, name).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (Some(2), ""),
            "{name}: {}",
            answer.error
        );
        for word in words {
            assert!(answer.error.contains(word), "{name}, {word}: {}", answer.error);
        }
    }
    let unknown = ask(
        &api,
        TOKEN,
        &["--repository", "octo-org/shops", "--environment", "dev"],
    )
    .await;
    assert_eq!(unknown.status, Some(2));
    assert!(
        unknown.error.contains("no repository octo-org/shops"),
        "{}",
        unknown.error
    );
}

#[tokio::test]
async fn a_token_that_is_missing_expired_or_damaged_ends_with_2() {
    let api = api().await;
    for (token, word) in [
        ("", "GITHUB_TOKEN holds no token"),
        ("old_hunter2", "has expired"),
        ("hunter2\u{7f}", "no token has"),
    ] {
        let arguments = ["--repository", "octo-org/shop", "--environment", "dev"];
        let answer = ask(&api, token, &arguments).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (Some(2), ""),
            "{}",
            answer.error
        );
        assert!(answer.error.contains(word), "{word}: {}", answer.error);
    }
}

#[tokio::test]
async fn the_token_never_leaves_in_the_clear_or_to_an_address_with_a_user() {
    for (api, word) in [
        ("http://api.example.com", "use https"),
        ("http://127.0.0.1.example.com", "use https"),
        ("ftp://127.0.0.1", "use https"),
        (
            "https://operator:hunter2@api.example.com",
            "remove everything before the host",
        ),
        ("http://127.0.0.1:1", "does not answer"),
    ] {
        let arguments = ["--repository", "octo-org/shop", "--environment", "dev"];
        let answer = ask(api, TOKEN, &arguments).await;
        assert_eq!(answer.status, Some(2), "{api}: {}", answer.error);
        assert!(answer.error.contains(word), "{api}: {}", answer.error);
    }
    let wrong = ask(
        "http://127.0.0.1:1",
        TOKEN,
        &["--repository", "shop", "--environment", ".."],
    )
    .await;
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.error.contains("OWNER/NAME"), "{}", wrong.error);
}
