//! Functions called without their state machine: the question for an approval, and an
//! abort whose reverse stream somebody has started by hand. No run starts it before the commit, so the state machines
//! alone never lead there.

use crossover_core::{Direction, Stage as _, plan::ApprovalPlan};
use crossover_rehearsal::environment::{Environment, Streams};
use crossover_stages::{abort::Abort, approval::Approval, reverse_sync::ReverseSync};
use crossover_stand::loopback;
use serde_json::{Value, json};

/// The question for an approval, asked without a state machine that waits: the function needs only the token.
pub async fn a_question_is_asked(environment: &Environment) {
    let mut plan = environment.plan("asked", false);
    plan.approval = Some(ApprovalPlan { expires_after_s: 60 });
    let input = json!({ "task_token": "a-token" });
    let payload = json!({ "plan": plan, "direction": Direction::Forward, "input": input });
    let function = format!("crossover-{}", Approval::NAME);
    let asked = environment.cloud.aws.invoke(&function, &payload).await.unwrap();
    assert_eq!(asked["output"], json!({}), "{asked}");
}

/// The abort stops the stream before it removes it, and releases what the stream has kept.
pub async fn an_abort_stops_and_removes_a_reverse_stream_that_runs(environment: &Environment) {
    let plan = environment.plan("undone", false);
    let call = |stage: crossover_core::StageName, input: Value| {
        let payload = json!({ "plan": plan, "direction": Direction::Forward, "input": input });
        let function = format!("crossover-{stage}");
        async move { environment.cloud.aws.invoke(&function, &payload).await.unwrap() }
    };
    let prepared = call(ReverseSync::NAME, json!({ "step": "prepare" })).await;
    assert!(prepared["output"]["retained"].is_string(), "{prepared}");
    let task = Streams::default().reverse();
    let there = described(environment, &task).await;
    let start = json!({ "ReplicationTaskArn": there["ReplicationTaskArn"], "StartReplicationTaskType": "start-replication" });
    dms(environment, "StartReplicationTask", &start).await;

    let aborted = call(Abort::NAME, json!({})).await;
    assert_eq!(aborted["output"]["outcome"], "aborted", "{aborted}");
    let undone = aborted["output"]["undone"].to_string();
    assert!(
        undone.contains(&task) && undone.contains("retained position"),
        "{aborted}"
    );
    assert_eq!(described(environment, &task).await, Value::Null);
}

async fn described(environment: &Environment, task: &str) -> Value {
    let filter = json!({ "Filters": [{ "Name": "replication-task-id", "Values": [task] }] });
    dms(environment, "DescribeReplicationTasks", &filter).await["ReplicationTasks"][0].clone()
}

/// A call of the DMS API, as a person makes it.
async fn dms(environment: &Environment, operation: &str, request: &Value) -> Value {
    let answer = loopback::http()
        .build()
        .unwrap()
        .post(environment.dms.url())
        .header("x-amz-target", format!("AmazonDMSv20160101.{operation}"))
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}
