//! State machines and their executions.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Aws, Call, text};
use crate::error::{Result, StandError};

const SERVICE: &str = "states";

/// An execution as DescribeExecution reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    pub status: String,
    /// The error name of a failed execution.
    pub error: Option<String>,
    /// The cause of a failed execution.
    pub cause: Option<String>,
    /// The output document of a succeeded execution.
    pub output: Option<Value>,
    /// The complete answer.
    pub raw: Value,
}

/// One event of an execution's history.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// The event's number, from 1.
    pub id: u64,
    /// The event's type, such as `TaskStateEntered`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Time of the event, in seconds since the epoch, to the millisecond.
    pub timestamp: f64,
    /// The event's details, under the names the service uses.
    #[serde(flatten)]
    pub details: serde_json::Map<String, Value>,
}

impl Event {
    /// The name of the state that was entered or left.
    pub fn state(&self) -> Option<&str> {
        ["stateEnteredEventDetails", "stateExitedEventDetails"]
            .iter()
            .find_map(|details| self.details.get(*details)?.get("name")?.as_str())
    }
}

impl Aws {
    /// Creates a state machine from an ASL document. Returns its ARN.
    pub async fn create_state_machine(&self, name: &str, definition: &str) -> Result<String> {
        let role = "arn:aws:iam::000000000000:role/crossover";
        let body = json!({ "name": name, "definition": definition, "roleArn": role, "type": "STANDARD" });
        let answer = self.states("CreateStateMachine", name, &body).await?;
        text(
            &Call {
                action: "CreateStateMachine",
                object: name,
            },
            &answer,
            "stateMachineArn",
        )
    }

    /// Starts an execution. Returns its ARN.
    pub async fn start_execution(&self, state_machine: &str, name: &str, input: &Value) -> Result<String> {
        let body = json!({ "stateMachineArn": state_machine, "name": name, "input": input.to_string() });
        let answer = self.states("StartExecution", name, &body).await?;
        text(
            &Call {
                action: "StartExecution",
                object: name,
            },
            &answer,
            "executionArn",
        )
    }

    pub async fn describe_execution(&self, execution: &str) -> Result<Execution> {
        let raw = self
            .states(
                "DescribeExecution",
                execution,
                &json!({ "executionArn": execution }),
            )
            .await?;
        let status = text(
            &Call {
                action: "DescribeExecution",
                object: execution,
            },
            &raw,
            "status",
        )?;
        let field = |name: &str| raw[name].as_str().map(str::to_owned);
        let output = field("output").and_then(|text| serde_json::from_str(&text).ok());
        Ok(Execution {
            status,
            error: field("error"),
            cause: field("cause"),
            output,
            raw,
        })
    }

    /// Waits until an execution has ended, with any status.
    pub async fn await_execution(&self, execution: &str, limit: Duration) -> Result<Execution> {
        let since = Instant::now();
        loop {
            let seen = self.describe_execution(execution).await?;
            if seen.status != "RUNNING" {
                return Ok(seen);
            }
            if since.elapsed() > limit {
                let what = format!("the end of {execution}");
                return Err(StandError::Timeout {
                    what,
                    seconds: limit.as_secs(),
                    last: seen.status,
                });
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// The complete history of an execution, oldest first.
    pub async fn execution_history(&self, execution: &str) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut next = Value::Null;
        loop {
            let mut body =
                json!({ "executionArn": execution, "maxResults": 1000, "includeExecutionData": true });
            if !next.is_null() {
                body["nextToken"] = next;
            }
            let mut page = self.states("GetExecutionHistory", execution, &body).await?;
            let received = page["events"].take();
            let page_events: Vec<Event> =
                serde_json::from_value(received).map_err(|_| StandError::AwsAnswer {
                    action: "GetExecutionHistory".to_owned(),
                    object: execution.to_owned(),
                    field: "events",
                    body: page.to_string(),
                })?;
            events.extend(page_events);
            next = page["nextToken"].take();
            if next.is_null() {
                return Ok(events);
            }
        }
    }

    /// Stops an execution; no further state is entered.
    pub async fn stop_execution(&self, execution: &str, error: &str, cause: &str) -> Result<()> {
        let body = json!({ "executionArn": execution, "error": error, "cause": cause });
        self.states("StopExecution", execution, &body).await.map(drop)
    }

    /// Answers the task that waits with this token.
    pub async fn answer_task(&self, token: &str, answer: &Value) -> Result<()> {
        let body = json!({ "taskToken": token, "output": answer.to_string() });
        self.states("SendTaskSuccess", "a waiting task", &body)
            .await
            .map(drop)
    }

    /// Ends the task that waits with this token by an error.
    pub async fn fail_task(&self, token: &str, error: &str, cause: &str) -> Result<()> {
        let body = json!({ "taskToken": token, "error": error, "cause": cause });
        self.states("SendTaskFailure", "a waiting task", &body)
            .await
            .map(drop)
    }

    async fn states(&self, action: &str, object: &str, body: &Value) -> Result<Value> {
        self.json(SERVICE, &format!("AWSStepFunctions.{action}"), object, body)
            .await
    }
}
