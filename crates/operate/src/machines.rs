//! Executions of the state machines, over the API of Step Functions.

use aws_config::SdkConfig;
use aws_sdk_sfn::{
    Client,
    error::SdkError,
    operation::start_execution::StartExecutionError,
    types::{ExecutionStatus, HistoryEvent},
};
use crossover_aws::port_error;
use crossover_core::{
    Secret, UnixMillis,
    ports::{PortError, PortResult},
};
use serde_json::Value;

use crate::history::Event;

/// What a task token stands for, in errors: the token itself is kept out of them.
const WAITING_TASK: &str = "the state that waits for an answer";

/// The state machines of an account.
#[derive(Debug, Clone)]
pub struct Machines(Client);

/// One execution, as Step Functions describes it.
#[derive(Debug, Clone)]
pub struct Execution {
    pub running: bool,
    pub succeeded: bool,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`, …
    pub status: String,
    pub started_at: UnixMillis,
    pub input: Value,
    pub output: Option<Value>,
    pub error: Option<String>,
    pub cause: Option<String>,
}

impl Machines {
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }

    /// Whether the machine exists and can be read.
    pub async fn exists(&self, machine: &str) -> PortResult<()> {
        let described = self
            .0
            .describe_state_machine()
            .state_machine_arn(machine)
            .send()
            .await;
        described.map(drop).map_err(|e| port_error(machine, &e))
    }

    /// Starts an execution, and returns its ARN. The same name and input again is the same execution.
    pub async fn start(&self, machine: &str, name: &str, input: &Value) -> PortResult<String> {
        let started = self
            .0
            .start_execution()
            .state_machine_arn(machine)
            .name(name)
            .input(input.to_string())
            .send()
            .await;
        match started {
            Ok(started) => Ok(started.execution_arn),
            Err(SdkError::ServiceError(e))
                if matches!(e.err(), StartExecutionError::ExecutionAlreadyExists(_)) =>
            {
                let what = format!("an execution called {name}");
                Err(PortError::refused(
                    what,
                    "it has ended already, or has another input; each run needs a new --run-id",
                ))
            }
            Err(error) => Err(port_error(machine, &error)),
        }
    }

    /// An execution; `None` if there is none of this ARN.
    pub async fn describe(&self, execution: &str) -> PortResult<Option<Execution>> {
        match self.0.describe_execution().execution_arn(execution).send().await {
            Ok(found) => Ok(Some(Execution {
                running: found.status == ExecutionStatus::Running,
                succeeded: found.status == ExecutionStatus::Succeeded,
                status: found.status.as_str().to_owned(),
                started_at: millis(&found.start_date),
                input: json(found.input.as_deref()).unwrap_or_default(),
                output: json(found.output.as_deref()),
                error: found.error,
                cause: found.cause,
            })),
            Err(SdkError::ServiceError(e)) if e.err().is_execution_does_not_exist() => Ok(None),
            Err(error) => Err(port_error(execution, &error)),
        }
    }

    /// The whole history, oldest first.
    pub async fn history(&self, execution: &str) -> PortResult<Vec<Event>> {
        let mut pages = self
            .0
            .get_execution_history()
            .execution_arn(execution)
            .include_execution_data(true)
            .into_paginator()
            .items()
            .send();
        let mut events = Vec::new();
        while let Some(event) = pages.next().await {
            events.push(event.map_err(|e| port_error(execution, &e))?.into());
        }
        Ok(events)
    }

    /// Answers the task that waits with this token.
    pub async fn answer(&self, token: &Secret<String>, answer: &Value) -> PortResult<()> {
        let sent = self
            .0
            .send_task_success()
            .task_token(token.expose())
            .output(answer.to_string())
            .send()
            .await;
        sent.map(drop).map_err(|e| port_error(WAITING_TASK, &e))
    }

    /// Ends the task that waits with this token by an error.
    pub async fn refuse(&self, token: &Secret<String>, error: &str, cause: &str) -> PortResult<()> {
        let sent = self
            .0
            .send_task_failure()
            .task_token(token.expose())
            .error(error)
            .cause(cause)
            .send()
            .await;
        sent.map(drop).map_err(|e| port_error(WAITING_TASK, &e))
    }

    /// The definition that an execution runs.
    pub async fn definition(&self, execution: &str) -> PortResult<Value> {
        let described = self
            .0
            .describe_state_machine_for_execution()
            .execution_arn(execution)
            .send()
            .await
            .map_err(|e| port_error(execution, &e))?;
        serde_json::from_str(&described.definition).map_err(|e| PortError::unexpected(execution, e))
    }

    /// The executions of a machine that have not ended, newest first.
    pub async fn running(&self, machine: &str) -> PortResult<Vec<String>> {
        let mut pages = self
            .0
            .list_executions()
            .state_machine_arn(machine)
            .status_filter(ExecutionStatus::Running)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(execution) = pages.next().await {
            found.push(execution.map_err(|e| port_error(machine, &e))?.execution_arn);
        }
        Ok(found)
    }
}

/// The ARN of the execution `name` of a machine.
pub fn execution_arn(machine: &str, name: &str) -> String {
    format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"))
}

/// The name in the ARN of an execution.
pub fn execution_name(execution: &str) -> &str {
    execution.rsplit(':').next().unwrap_or(execution)
}

impl From<HistoryEvent> for Event {
    fn from(event: HistoryEvent) -> Self {
        let entered = event.state_entered_event_details();
        let exited = event.state_exited_event_details();
        Self {
            at: millis(event.timestamp()),
            kind: event.r#type().as_str().to_owned(),
            state: entered
                .map(|details| details.name().to_owned())
                .or_else(|| exited.map(|details| details.name().to_owned())),
            output: exited.and_then(|details| json(details.output())),
        }
    }
}

fn millis(time: &aws_sdk_sfn::primitives::DateTime) -> UnixMillis {
    UnixMillis(
        time.to_millis()
            .unwrap_or_default()
            .try_into()
            .unwrap_or_default(),
    )
}

fn json(text: Option<&str>) -> Option<Value> {
    serde_json::from_str(text?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_of_an_execution_follows_from_its_machine_and_name() {
        let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:shop-cutover";
        let execution = execution_arn(machine, "shop-1");
        assert_eq!(
            execution,
            "arn:aws:states:eu-central-1:123456789012:execution:shop-cutover:shop-1"
        );
        assert_eq!(execution_name(&execution), "shop-1");
    }
}
