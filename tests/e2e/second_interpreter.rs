//! The state machines on moto, an interpreter of its own beside MiniStack, with functions that answer as a script
//! says: every way through a machine ends where it should, also the ways that depend on a time limit.

mod ways;

use std::{
    collections::HashMap,
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::IntoResponse,
    routing::post,
};
use crossover_operate::approval::REJECTED;
use crossover_stand::{
    Silent,
    ministack::Aws,
    moto::Moto,
    parts::{Set, ensure},
    postgres::workspace_root,
};
use futures::future::join_all;
use serde_json::{Value, json};

use self::ways::{Answer, WAYS, Way};
use crate::setup::folder;

/// Far longer than any scenario takes.
const LIMIT: Duration = Duration::from_mins(2);

/// What the functions know.
#[derive(Default)]
struct Functions {
    /// Calls by run and step.
    calls: Mutex<HashMap<(String, String), usize>>,
    /// The task token of each run that has asked.
    tokens: Mutex<HashMap<String, String>>,
}

impl Functions {
    /// The answer of a function, or the name of its error.
    fn answer(&self, function: &str, payload: &Value) -> Result<Value, &'static str> {
        let run = payload["plan"]["run_id"].as_str().unwrap().to_owned();
        let way = WAYS.iter().find(|way| way.name == run).unwrap();
        let input = &payload["input"];
        let step = step(function, input);
        let calls = {
            let mut calls = self.calls.lock().unwrap();
            let calls = calls.entry((run.clone(), step.clone())).or_default();
            *calls += 1;
            *calls
        };
        let fails = way.fails.iter().find(|(at, ..)| *at == step);
        if let Some((_, error, _)) = fails.filter(|(.., times)| calls <= *times) {
            return Err(error);
        }
        if let Some(token) = input["task_token"].as_str() {
            self.tokens.lock().unwrap().insert(run, token.to_owned());
        }
        Ok(match step.as_str() {
            "abort" => json!({ "outcome": way.abort }),
            "validate:plan" => json!({ "partitions": [{ "n": 1 }, { "n": 2 }] }),
            "validate:partition" => json!({ "different": 0, "rows": 5 }),
            _ => json!({ "reverse_from": "0/1" }),
        })
    }
}

/// `stage:step` of a call.
fn step(function: &str, input: &Value) -> String {
    let mode = &input["mode"];
    let of_map = mode.as_object().and_then(|mode| mode.keys().next());
    let step = input["step"]
        .as_str()
        .or_else(|| mode.as_str())
        .or_else(|| of_map.map(String::as_str))
        .or_else(|| input["when"].as_str());
    match step {
        Some(step) => format!("{function}:{step}"),
        None => function.to_owned(),
    }
}

/// The address that moto calls functions at, as Lambda answers it.
async fn invoked(
    State(functions): State<Arc<Functions>>,
    Path(function): Path<String>,
    body: Bytes,
) -> impl IntoResponse {
    // Lambda's clients do not say that the payload is JSON.
    let payload: Value = serde_json::from_slice(&body).unwrap();
    let mut headers = HeaderMap::new();
    let body = match functions.answer(&function, &payload) {
        Ok(output) => json!({ "output": output }),
        Err(error) => {
            headers.insert("x-amz-function-error", "Unhandled".parse().unwrap());
            json!({ "errorType": error, "errorMessage": "as the script says" })
        }
    };
    (headers, Json(body))
}

/// The machine's definition with the names of functions in place of their ARNs.
fn definition(machine: &str) -> String {
    let path = workspace_root().join(format!("statemachine/{machine}.asl.json"));
    fs::read_to_string(path)
        .unwrap()
        .replace("${", "")
        .replace("}\",", "\",")
}

/// Runs one way, and returns what is wrong with its end.
async fn walked(aws: &Aws, functions: &Functions, way: Way, machine: &str) -> Vec<String> {
    let mut input = json!({ "plan": { "run_id": way.name, "dry_run": false } });
    if let Some(seconds) = way.approval {
        input["plan"]["approval"] = json!({ "expires_after_s": seconds });
    }
    if way.completes {
        input["complete"] = true.into();
    }
    if way.recovers {
        input["error"] = json!({ "Error": "StoppedByOperator", "Cause": "test" });
    }
    let execution = aws.start_execution(machine, way.name, &input).await.unwrap();
    if let Some(answer) = way.answer {
        let token = asked(functions, way.name).await;
        match answer {
            Answer::Approved => aws.answer_task(&token, &json!({ "approved_by": "test" })).await,
            Answer::Rejected => aws.fail_task(&token, REJECTED, "not today").await,
        }
        .unwrap();
    }
    let ended = aws.await_execution(&execution, LIMIT).await.unwrap();
    let entered: Vec<String> = aws
        .execution_history(&execution)
        .await
        .unwrap()
        .iter()
        .filter(|event| event.kind.ends_with("StateEntered"))
        .filter_map(|event| event.state().map(str::to_owned))
        .collect();
    let mut wrong = Vec::new();
    if (ended.status.as_str(), ended.error.as_deref()) != way.ends {
        wrong.push(format!(
            "{}: ended as {:?} {:?}",
            way.name, ended.status, ended.error
        ));
    }
    let mut rest = entered.iter();
    if !way
        .enters
        .iter()
        .all(|state| rest.any(|entered| entered == state))
    {
        wrong.push(format!("{}: entered {entered:?}", way.name));
    }
    wrong.extend(
        way.skips
            .iter()
            .filter(|state| entered.iter().any(|entered| entered == *state))
            .map(|state| format!("{}: entered {state}", way.name)),
    );
    wrong
}

/// The token of a run, once it has asked.
async fn asked(functions: &Functions, run: &str) -> String {
    let asked = async {
        loop {
            if let Some(token) = functions.tokens.lock().unwrap().get(run) {
                return token.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, asked).await.unwrap()
}

#[tokio::test]
async fn every_way_through_a_machine_ends_where_it_should_on_a_second_interpreter() {
    let folder = folder("second-interpreter");
    let parts = ensure(&workspace_root(), Set::Servers, &Silent).await.unwrap();
    let functions = Arc::new(Functions::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoked))
        .with_state(Arc::clone(&functions));
    let served = tokio::spawn(async move { axum::serve(listener, router).await });
    let moto = Moto::start(&parts, &folder, port).await.unwrap();
    let aws = moto.aws();

    let mut machines = HashMap::new();
    for name in ["cutover", "rollback", "verify"] {
        let created = aws.create_state_machine(name, &definition(name)).await;
        machines.insert(name, created.unwrap());
    }
    let all = WAYS.map(|way| walked(aws, &functions, way, &machines[way.machine]));
    let wrong: Vec<String> = join_all(all).await.into_iter().flatten().collect();
    assert_eq!(wrong, Vec::<String>::new());

    moto.stop().await.unwrap();
    served.abort();
}
