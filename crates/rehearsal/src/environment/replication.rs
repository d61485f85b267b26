//! The change stream: instance, endpoints and forward task, which exist before a cutover.

use crossover_clock::SystemClock;
use crossover_core::{Millis, catalogue::TableName, polling::Polling};
use crossover_dms_api::Kind;
use crossover_stand::{Progress, loopback, progress::step};
use serde_json::{Map, Value, json};

use crate::{
    dms::{DmsStandIn, arn_of},
    error::{RehearsalError, Result},
};

/// The key of the replication instance, and the migration's. The names made of them are those of terraform/modules/dms, so
/// nothing else in a rehearsal depends on who has created the replication.
pub const INSTANCE: &str = "main";
pub const MIGRATION: &str = "rehearsal";
/// Identifier of the replication instance, a dimension of the metrics.
pub const INSTANCE_ID: &str = "crossover-main";
/// DMS reads secrets in the name of a role; a local AWS asks for none.
const SECRETS_ROLE: &str = "arn:aws:iam::000000000000:role/dms";
/// A full load that takes longer than this is considered stuck.
const FULL_LOAD_LIMIT: Millis = Millis(30 * 60 * 1_000);

/// The task of a stream of a migration.
pub fn task(migration: &str, stream: &str) -> String {
    format!("crossover-{migration}-{stream}")
}

fn endpoint(side: &str, way: &str) -> String {
    format!("crossover-{MIGRATION}-{side}-{way}")
}

/// The instance and the endpoints, as a plan's `replication` names them.
pub fn settings() -> Map<String, Value> {
    let endpoints = |side: &str| {
        let arn = |way: &str| arn_of(Kind::Endpoint, &endpoint(side, way));
        json!({ "read_arn": arn("read"), "write_arn": arn("write") })
    };
    Map::from_iter([
        (
            "replication_instance_arn".to_owned(),
            json!(arn_of(Kind::Instance, INSTANCE_ID)),
        ),
        ("source_endpoints".to_owned(), endpoints("source")),
        ("target_endpoints".to_owned(), endpoints("target")),
    ])
}

/// Creates the replication instance, and two endpoints for each database: one reads, one writes. They read the
/// replication user's secrets, given by their ARNs. Returns the number of endpoints.
pub async fn provision(dms: &DmsStandIn, database: &str, source: &str, target: &str) -> Result<usize> {
    let instance =
        json!({ "ReplicationInstanceIdentifier": INSTANCE_ID, "ReplicationInstanceClass": "dms.t3.medium" });
    call(dms, "CreateReplicationInstance", &instance).await?;
    let mut created = 0;
    for (side, secret) in [("source", source), ("target", target)] {
        for (way, direction) in [("read", "source"), ("write", "target")] {
            let endpoint = json!({
                "EndpointIdentifier": endpoint(side, way), "EndpointType": direction, "EngineName": "postgres",
                "PostgreSQLSettings": {
                    "DatabaseName": database, "SecretsManagerSecretId": secret,
                    "SecretsManagerAccessRoleArn": SECRETS_ROLE,
                },
            });
            call(dms, "CreateEndpoint", &endpoint).await?;
            created += 1;
        }
    }
    Ok(created)
}

/// Creates the forward task, which does not run yet.
pub async fn create_forward_task(dms: &DmsStandIn, carried: &[TableName]) -> Result<()> {
    let mut tables = carried.to_vec();
    tables.push(TableName::marker());
    let rules: Vec<Value> = tables
        .iter()
        .enumerate()
        .map(|(index, table)| {
            json!({
                "rule-type": "selection", "rule-id": (index + 1).to_string(), "rule-name": (index + 1).to_string(),
                "object-locator": { "schema-name": table.schema, "table-name": table.name }, "rule-action": "explicit",
            })
        })
        .collect();
    let order = json!({
        "ReplicationTaskIdentifier": task(MIGRATION, "forward"),
        "ReplicationInstanceArn": arn_of(Kind::Instance, INSTANCE_ID),
        "SourceEndpointArn": arn_of(Kind::Endpoint, &endpoint("source", "read")),
        "TargetEndpointArn": arn_of(Kind::Endpoint, &endpoint("target", "write")),
        "MigrationType": "full-load-and-cdc", "TableMappings": json!({ "rules": rules }).to_string(),
    });
    call(dms, "CreateReplicationTask", &order).await.map(drop)
}

/// Starts a task and waits for its full load.
pub async fn start_and_load(dms: &DmsStandIn, task: &str, progress: &dyn Progress) -> Result<()> {
    let loading = step(progress, "full load from source to target");
    let arn = described(dms, task).await?["ReplicationTaskArn"].clone();
    let start = json!({ "ReplicationTaskArn": arn, "StartReplicationTaskType": "start-replication" });
    call(dms, "StartReplicationTask", &start).await?;
    let mut polling = Polling::new(&SystemClock, Millis(100), FULL_LOAD_LIMIT);
    loop {
        let seen = described(dms, task).await?;
        if seen["Status"] == "running" && seen["ReplicationTaskStats"]["FullLoadProgressPercent"] == 100 {
            loading.done();
            return Ok(());
        }
        if seen["Status"] == "failed" || polling.pause().await.is_err() {
            return Err(RehearsalError::Timeout {
                what: "the full load".to_owned(),
                seconds: polling.waited().whole_seconds(),
                hint: format!("the task is {}; see the log of the target server", seen["Status"]),
            });
        }
    }
}

/// Removes a task that has stopped.
pub async fn remove_task(dms: &DmsStandIn, name: &str) -> Result<()> {
    let arn = described(dms, name).await?["ReplicationTaskArn"].clone();
    let which = json!({ "ReplicationTaskArn": arn });
    call(dms, "DeleteReplicationTask", &which).await.map(drop)
}

/// A task as it is now.
async fn described(dms: &DmsStandIn, task: &str) -> Result<Value> {
    let filter = json!({ "Filters": [{ "Name": "replication-task-id", "Values": [task] }] });
    let mut answer = call(dms, "DescribeReplicationTasks", &filter).await?;
    Ok(answer["ReplicationTasks"][0].take())
}

/// One call of the DMS API, as the tool that provisions a migration makes.
async fn call(dms: &DmsStandIn, operation: &str, request: &Value) -> Result<Value> {
    let http = loopback::http().build().map_err(|e| unreachable(operation, &e))?;
    let answer = http
        .post(dms.url())
        .header("x-amz-target", format!("AmazonDMSv20160101.{operation}"))
        .header("content-type", "application/x-amz-json-1.1")
        .body(request.to_string())
        .send()
        .await
        .map_err(|e| unreachable(operation, &e))?;
    let failed = !answer.status().is_success();
    let body: Value = answer.json().await.map_err(|e| unreachable(operation, &e))?;
    if failed {
        return Err(RehearsalError::Aws {
            what: format!("DMS {operation}"),
            reason: body["message"].as_str().unwrap_or("?").to_owned(),
        });
    }
    Ok(body)
}

fn unreachable(operation: &str, error: &reqwest::Error) -> RehearsalError {
    RehearsalError::Aws {
        what: format!("DMS {operation}"),
        reason: error.to_string(),
    }
}
