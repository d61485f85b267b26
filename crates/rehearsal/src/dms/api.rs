//! The wire format: JSON 1.1, the operation in `X-Amz-Target`, faults with DMS's names.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{Fault, INSTANCE_ARN, INSTANCE_ID, tasks::Tasks};
use crate::calls::Calls;

/// The API over some tasks.
pub fn router(tasks: Arc<Mutex<Tasks>>, calls: Option<Calls>) -> Router {
    Router::new()
        .route("/", post(operation))
        .with_state(Api { tasks, calls })
}

#[derive(Clone)]
struct Api {
    tasks: Arc<Mutex<Tasks>>,
    calls: Option<Calls>,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = if self.code == "InternalFailure" {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::BAD_REQUEST
        };
        (
            status,
            [("x-amzn-errortype", self.code)],
            Json(json!({ "__type": self.code, "message": self.message })),
        )
            .into_response()
    }
}

async fn operation(
    State(api): State<Api>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, Fault> {
    if let Some(calls) = &api.calls {
        calls.note(&uri, &headers, body.as_bytes());
    }
    let target = headers
        .get("x-amz-target")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let request: Value =
        serde_json::from_str(&body).map_err(|e| Fault::invalid(format!("the request is not JSON: {e}")))?;
    let text = |key: &str| {
        request[key]
            .as_str()
            .ok_or_else(|| Fault::invalid(format!("{key} is missing")))
    };
    let mut tasks = api.tasks.lock().await;
    let answer = match target.strip_prefix("AmazonDMSv20160101.") {
        Some("DescribeReplicationTasks") => {
            json!({ "ReplicationTasks": tasks.describe(filter(&request, "replication-task-id")).await? })
        }
        Some("DescribeReplicationInstances") => json!({ "ReplicationInstances": [{
            "ReplicationInstanceArn": INSTANCE_ARN, "ReplicationInstanceIdentifier": INSTANCE_ID, "ReplicationInstanceStatus": "available",
        }]}),
        Some("DescribeTableStatistics") => {
            let arn = text("ReplicationTaskArn")?;
            json!({ "ReplicationTaskArn": arn, "TableStatistics": tasks.statistics(arn).await? })
        }
        Some("ModifyEndpoint") => {
            let arn = text("EndpointArn")?;
            let slot = request["PostgreSQLSettings"]["SlotName"]
                .as_str()
                .ok_or_else(|| Fault::invalid("the stand-in can modify PostgreSQLSettings.SlotName only"))?;
            tasks.set_slot(arn, slot)?;
            json!({ "Endpoint": { "EndpointArn": arn } })
        }
        Some("CreateReplicationTask") => tasks.create(&request).await?,
        Some("StartReplicationTask") => {
            let arn = text("ReplicationTaskArn")?;
            tasks.start(arn, text("StartReplicationTaskType")?).await?;
            json!({ "ReplicationTask": { "ReplicationTaskArn": arn, "Status": "starting" } })
        }
        Some("StopReplicationTask") => {
            let arn = text("ReplicationTaskArn")?;
            tasks.stop(arn).await?;
            json!({ "ReplicationTask": { "ReplicationTaskArn": arn, "Status": "stopping" } })
        }
        Some("DeleteReplicationTask") => {
            let arn = text("ReplicationTaskArn")?;
            tasks.delete(arn).await?;
            json!({ "ReplicationTask": { "ReplicationTaskArn": arn, "Status": "deleting" } })
        }
        _ => {
            return Err(Fault {
                code: "UnknownOperationException",
                message: format!("the stand-in does not know {target:?}"),
            });
        }
    };
    Ok(Json(answer))
}

/// The one value of a filter, if the request has it.
fn filter<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    request["Filters"]
        .as_array()?
        .iter()
        .find(|f| f["Name"] == name)?["Values"][0]
        .as_str()
}
