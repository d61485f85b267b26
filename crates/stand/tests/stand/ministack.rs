use std::collections::BTreeMap;

use crossover_stand::ministack::{Aws, Execution, Function, MetricQuery, pack};
use crossover_stand::{MiniStack, Port, StandError};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{WAIT_LIMIT, the_parts};

struct Local {
    server: MiniStack,
    _dir: TempDir,
}

impl Local {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            server: MiniStack::start(&the_parts().await, dir.path(), Port::Free)
                .await
                .unwrap(),
            _dir: dir,
        }
    }

    fn aws(&self) -> &Aws {
        self.server.aws()
    }

    /// Functions with a time limit of one second.
    async fn functions(&self, names: &[&str]) {
        let functions: Vec<Function> = names.iter().map(|name| echo(name, 1)).collect();
        self.aws().create_functions(&functions).await.unwrap();
    }

    async fn long_function(&self, name: &str) {
        self.aws().create_function(&echo(name, 60)).await.unwrap();
    }

    async fn run(&self, definition: &Value, input: &Value) -> (String, Execution) {
        let name = format!("m{}", next_number());
        let machine = self
            .aws()
            .create_state_machine(&name, &definition.to_string())
            .await
            .unwrap();
        let execution = self.aws().start_execution(&machine, &name, input).await.unwrap();
        let end = self.aws().await_execution(&execution, WAIT_LIMIT).await.unwrap();
        (execution, end)
    }
}

fn echo(name: &str, timeout_seconds: u32) -> Function {
    Function {
        name: name.to_owned(),
        zip: pack(env!("CARGO_BIN_EXE_stand-echo-lambda").as_ref()).unwrap(),
        handler: format!("handler-of-{name}"),
        env: BTreeMap::new(),
        timeout_seconds,
        memory_mb: 128,
    }
}

fn next_number() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

fn task(function: &str, payload: &Value, more: &Value) -> Value {
    let mut state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": function, "Payload": payload },
        "OutputPath": "$.Payload",
    });
    for (key, value) in more.as_object().unwrap() {
        state[key] = value.clone();
    }
    state
}

/// One task whose errors all lead to the state `Caught`.
fn caught(function: &str, payload: &Value) -> Value {
    let catch = json!({ "End": true, "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }] });
    json!({ "StartAt": "Run", "States": {
        "Run": task(function, payload, &catch),
        "Caught": { "Type": "Pass", "End": true },
    }})
}

#[tokio::test]
async fn a_functions_failures_have_the_names_the_state_machines_rely_on() {
    let local = Local::start().await;
    local.functions(&["echo"]).await;
    for (payload, name) in [
        (json!({ "do": "fail", "type": "Drain.Timeout" }), "Drain.Timeout"),
        (json!({ "do": "exit" }), "Runtime.ExitError"),
        (json!({ "do": "sleep", "seconds": 30 }), "Sandbox.Timedout"),
    ] {
        let (_, end) = local.run(&caught("echo", &payload), &json!({})).await;
        assert_eq!(end.status, "SUCCEEDED");
        assert_eq!(end.output.unwrap()["Error"], name);
    }
    // A function that dies before its first event gets another name here than on AWS (Runtime.ExitError).
    let env = BTreeMap::from([("ECHO_FAILS_TO_START".to_owned(), "1".to_owned())]);
    local.functions(&["fails-to-start"]).await;
    local
        .aws()
        .set_function_env("fails-to-start", &env)
        .await
        .unwrap();
    let (_, end) = local.run(&caught("fails-to-start", &json!({})), &json!({})).await;
    assert_eq!(end.output.unwrap()["Error"], "Runtime.Unknown");
    // The function works again after each failure.
    assert_eq!(
        local
            .aws()
            .invoke("echo", &json!({ "do": "echo" }))
            .await
            .unwrap()["do"],
        "echo"
    );
}

#[tokio::test]
async fn functions_of_one_program_are_distinguished_by_their_handler() {
    let local = Local::start().await;
    local.functions(&["one", "other"]).await;
    for name in ["one", "other"] {
        let handler = local
            .aws()
            .invoke(name, &json!({ "do": "handler" }))
            .await
            .unwrap();
        assert_eq!(handler, format!("handler-of-{name}"));
    }
}

#[tokio::test]
async fn a_catch_handles_only_its_own_error() {
    let local = Local::start().await;
    local.functions(&["echo"]).await;
    let more = json!({ "End": true, "Catch": [{ "ErrorEquals": ["Drain.Timeout"], "Next": "Caught" }] });
    let machine = |error: &str| {
        json!({ "StartAt": "Run", "States": {
            "Run": task("echo", &json!({ "do": "fail", "type": error }), &more),
            "Caught": { "Type": "Pass", "End": true },
        }})
    };
    assert_eq!(
        local.run(&machine("Drain.Timeout"), &json!({})).await.1.status,
        "SUCCEEDED"
    );
    let (_, other) = local.run(&machine("Drain.Other"), &json!({})).await;
    assert_eq!(
        (other.status.as_str(), other.error.as_deref()),
        ("FAILED", Some("Drain.Other"))
    );
}

#[tokio::test]
async fn a_retry_repeats_its_own_error_up_to_its_limit() {
    let local = Local::start().await;
    local.functions(&["echo"]).await;
    let retry =
        json!([{ "ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.0 }]);
    let run = task(
        "echo",
        &json!({ "do": "fail", "type": "Again" }),
        &json!({ "End": true, "Retry": retry }),
    );
    let (execution, end) = local
        .run(&json!({ "StartAt": "Run", "States": { "Run": run } }), &json!({}))
        .await;
    assert_eq!(end.error.as_deref(), Some("Again"));
    let history = local.aws().execution_history(&execution).await.unwrap();
    assert_eq!(
        history.iter().filter(|event| event.kind == "TaskFailed").count(),
        3
    );
}

#[tokio::test]
async fn wait_choice_and_parallel_work() {
    let local = Local::start().await;
    local.functions(&["echo"]).await;
    let branch = |n: u8| json!({ "StartAt": "B", "States": { "B": task("echo", &json!({ "n": n }), &json!({ "End": true })) } });
    let definition = json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 1, "Next": "Which" },
        "Which": { "Type": "Choice", "Default": "Wrong",
            "Choices": [{ "Variable": "$.dry_run", "BooleanEquals": true, "Next": "Both" }] },
        "Both": { "Type": "Parallel", "Branches": [branch(1), branch(2)], "End": true },
        "Wrong": { "Type": "Fail", "Error": "Wrong.Choice" },
    }});
    let (execution, end) = local.run(&definition, &json!({ "dry_run": true })).await;
    assert_eq!(end.output.unwrap(), json!([{ "n": 1 }, { "n": 2 }]));
    let history = local.aws().execution_history(&execution).await.unwrap();
    let entered: Vec<&str> = history
        .iter()
        .filter(|event| event.kind.ends_with("StateEntered"))
        .filter_map(|event| event.state())
        .collect();
    assert_eq!(entered, ["Wait", "Which", "Both"]);
    let (_, other) = local.run(&definition, &json!({ "dry_run": false })).await;
    assert_eq!(other.error.as_deref(), Some("Wrong.Choice"));
}

/// MiniStack enforces the timeout of a task, not of a state machine.
#[tokio::test]
async fn a_task_that_exceeds_its_timeout_is_ended() {
    let local = Local::start().await;
    let more = json!({ "End": true, "TimeoutSeconds": 1,
        "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "Caught" }] });
    let slow = json!({ "StartAt": "Run", "States": {
        "Run": task("slow", &json!({ "do": "sleep", "seconds": 3 }), &more),
        "Caught": { "Type": "Pass", "End": true },
    }});
    local.long_function("slow").await;
    assert_eq!(
        local.run(&slow, &json!({})).await.1.output.unwrap()["Error"],
        "States.Timeout"
    );
}

#[tokio::test]
async fn a_stopped_execution_enters_no_further_state() {
    let local = Local::start().await;
    let definition = json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 1, "Next": "Never" },
        "Never": { "Type": "Pass", "End": true },
    }});
    let aws = local.aws();
    let machine = aws
        .create_state_machine("stopped", &definition.to_string())
        .await
        .unwrap();
    let execution = aws.start_execution(&machine, "one", &json!({})).await.unwrap();
    aws.stop_execution(&execution, "Stopped", "as asked")
        .await
        .unwrap();
    assert_eq!(
        aws.describe_execution(&execution).await.unwrap().status,
        "ABORTED"
    );
    let history = aws.execution_history(&execution).await.unwrap();
    assert!(!history.iter().any(|event| event.state() == Some("Never")));
}

#[tokio::test]
async fn secrets_tables_topics_and_metrics_can_be_created() {
    let local = Local::start().await;
    let aws = local.aws();
    assert!(
        aws.create_secret("source/credentials", "{}")
            .await
            .unwrap()
            .starts_with("arn:aws:secretsmanager:")
    );
    aws.create_table("journal", "run_id", Some("step")).await.unwrap();
    assert!(aws.create_topic("alarms").await.unwrap().ends_with(":alarms"));
    let query = MetricQuery {
        namespace: "AWS/DMS".to_owned(),
        metric: "CDCLatencyTarget".to_owned(),
        dimensions: vec![("ReplicationTaskIdentifier".to_owned(), "forward".to_owned())],
        start: 0,
        end: 4_000_000_000,
        period: 60,
        statistic: "Maximum".to_owned(),
    };
    assert!(aws.metric_statistics(&query).await.unwrap().is_empty());
    let twice = aws.create_table("journal", "run_id", None).await.unwrap_err();
    assert!(
        matches!(twice, StandError::Aws { .. }) && twice.to_string().contains("journal"),
        "{twice}"
    );
}
