//! Whether everything that `crossover.toml` names can be used. Nothing is changed.

use std::{fmt::Display, pin::Pin};

use crossover_core::{Direction, Stream, ports::StreamState};
use futures::future::join_all;
use serde::Serialize;

use crate::clients::Clients;

/// One thing that the file names, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    pub what: &'static str,
    pub name: String,
    /// Why it cannot be used.
    pub fault: Option<String>,
}

type Check<'a> = Pin<Box<dyn Future<Output = Reference> + Send + 'a>>;

/// Checks all of them at the same time, in the order of the file.
pub async fn check(clients: &Clients) -> Vec<Reference> {
    let plan = clients.migration.template();
    let (machines, secrets, aws) = (&clients.runs.machines, &clients.secrets, &clients.migration.aws);
    let machine = |direction| clients.migration.machine(direction);
    let checks: Vec<Check<'_>> = vec![
        reference(
            "state machine of the cutover",
            &aws.cutover,
            machines.exists(machine(Direction::Forward)),
        ),
        reference(
            "state machine of the rollback",
            &aws.rollback,
            machines.exists(machine(Direction::Reverse)),
        ),
        // Reading the journal of a run that does not exist needs the same right as reading any.
        reference("journal", &aws.journal_table, clients.runs.journal.lines("none")),
        reference(
            "secret of the source",
            &plan.source.secret_id,
            secrets.exists(&plan.source.secret_id),
        ),
        reference(
            "secret of the target",
            &plan.target.secret_id,
            secrets.exists(&plan.target.secret_id),
        ),
        reference(
            "forward replication",
            &clients.stream_name(Stream::Forward),
            forward_stream(clients),
        ),
        reference("lane at the edge, with its secret", &plan.lane, lane(clients)),
    ];
    join_all(checks).await
}

fn reference<'a, T, E: Display>(
    what: &'static str,
    name: &str,
    use_of: impl Future<Output = Result<T, E>> + Send + 'a,
) -> Check<'a> {
    let name = name.to_owned();
    Box::pin(async move {
        let fault = use_of.await.err().map(|error| error.to_string());
        Reference { what, name, fault }
    })
}

async fn forward_stream(clients: &Clients) -> Result<(), String> {
    match clients.stream(Stream::Forward).await {
        Ok(None) => Err("it does not exist".to_owned()),
        Ok(Some(health)) if health.state != StreamState::Running => {
            Err(format!("it is {health}, not running"))
        }
        Ok(Some(_)) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

async fn lane(clients: &Clients) -> Result<(), String> {
    let read = async { clients.lane().await?.read().await.map_err(Into::into) };
    let record = read
        .await
        .map_err(|error: crate::OperateError| error.to_string())?;
    if record.lane == clients.migration.template().lane {
        Ok(())
    } else {
        Err(format!("the edge answers for lane {}", record.lane))
    }
}
