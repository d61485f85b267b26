use serde_json::{Map, Value, json};

use super::{now, one};
use crate::{Account, Fault, Kind, TaskOrder, documents::Document, request::Request};

const ID: &str = "ReplicationTaskIdentifier";
const ARN: &str = "ReplicationTaskArn";
const SETTINGS: &[&str] = &["TableMappings", "ReplicationTaskSettings"];
const CHANGEABLE: &[&str] = &[
    "MigrationType",
    "TableMappings",
    "ReplicationTaskSettings",
    "CdcStartPosition",
    "CdcStartTime",
    "CdcStopPosition",
];
const FIXED: &[&str] = &[
    ID,
    "ReplicationInstanceArn",
    "SourceEndpointArn",
    "TargetEndpointArn",
];
const MIGRATION_TYPES: &[&str] = &["full-load", "cdc", "full-load-and-cdc"];

impl Account {
    pub(crate) async fn create_task(&mut self, request: &Request) -> Result<Value, Fault> {
        let id = request.text(ID)?;
        for field in FIXED {
            request.text(field)?;
        }
        if self.documents.by_id(Kind::Task, id).is_ok() {
            return Err(Fault::exists(&format!("task {id}")));
        }
        request.text("MigrationType")?;
        request.text("TableMappings")?;
        check(request)?;
        let arn = self.arn(Kind::Task, id);
        let mut body = request.given(CHANGEABLE);
        body.extend(request.given(FIXED));
        body.insert(ARN.to_owned(), arn.clone().into());
        body.insert("ReplicationTaskCreationDate".to_owned(), now());
        let task = Document {
            kind: Kind::Task,
            id: id.to_owned(),
            arn,
            body,
            tags: request.tags(),
        };
        let order = self.order(&task)?;
        let arn = self.documents.insert(task)?.arn.clone();
        if let Err(fault) = self.plane.create(&order).await {
            self.documents.remove(&arn);
            return Err(fault);
        }
        self.answer(&arn, None).await
    }

    pub(crate) async fn describe_tasks(&self, request: &Request) -> Result<Value, Fault> {
        let mut described = Vec::new();
        for task in self.documents.wanted(Kind::Task, request)? {
            let mut body = self.described(task).await?;
            if request.flag("WithoutSettings") {
                body.retain(|field, _| !SETTINGS.contains(&field.as_str()));
            }
            described.push(body);
        }
        Ok(json!({ "ReplicationTasks": described }))
    }

    pub(crate) async fn modify_task(&mut self, request: &Request) -> Result<Value, Fault> {
        let arn = request.text(ARN)?;
        let id = self.documents.by_arn(Kind::Task, arn)?.id.clone();
        let status = self.plane.progress(&id).await?.status;
        if !["ready", "stopped", "failed"].contains(&status) {
            return Err(Fault::invalid_state(format!(
                "task {id} is {status}; stop it first"
            )));
        }
        check(request)?;
        let task = self.documents.by_arn_mut(Kind::Task, arn)?;
        task.body.extend(request.given(CHANGEABLE));
        self.answer(arn, None).await
    }

    pub(crate) async fn start_task(&mut self, request: &Request) -> Result<Value, Fault> {
        let (arn, kind) = (request.text(ARN)?, request.text("StartReplicationTaskType")?);
        let order = self.order(self.documents.by_arn(Kind::Task, arn)?)?;
        self.plane.start(&order, kind).await?;
        self.answer(arn, Some("starting")).await
    }

    pub(crate) async fn stop_task(&mut self, request: &Request) -> Result<Value, Fault> {
        let arn = request.text(ARN)?;
        let id = &self.documents.by_arn(Kind::Task, arn)?.id;
        self.plane.stop(id).await?;
        self.answer(arn, Some("stopping")).await
    }

    pub(crate) async fn delete_task(&mut self, request: &Request) -> Result<Value, Fault> {
        let arn = request.text(ARN)?;
        let id = self.documents.by_arn(Kind::Task, arn)?.id.clone();
        let status = self.plane.progress(&id).await?.status;
        if ["running", "starting", "stopping"].contains(&status) {
            return Err(Fault::invalid_state(format!(
                "task {id} is {status}; stop it first"
            )));
        }
        let answer = self.answer(arn, Some("deleting")).await?;
        self.plane.delete(&id).await?;
        self.documents.remove(arn);
        Ok(answer)
    }

    pub(crate) async fn table_statistics(&self, request: &Request) -> Result<Value, Fault> {
        let arn = request.text(ARN)?;
        let id = &self.documents.by_arn(Kind::Task, arn)?.id;
        let statistics = self.plane.statistics(id).await?;
        Ok(json!({ ARN: arn, "TableStatistics": statistics }))
    }

    /// The task for the data plane. All that it names has to exist.
    fn order(&self, task: &Document) -> Result<TaskOrder, Fault> {
        let end = |field: &str, direction: &str| {
            let endpoint = self.documents.by_arn(Kind::Endpoint, task.text(field))?;
            if endpoint.text("EndpointType") != direction {
                return Err(Fault::invalid(format!(
                    "{} of task {} is the endpoint {}, which is no {}",
                    field,
                    task.id,
                    endpoint.id,
                    direction.to_lowercase()
                )));
            }
            Ok(Value::Object(endpoint.body.clone()))
        };
        let instance = self
            .documents
            .by_arn(Kind::Instance, task.text("ReplicationInstanceArn"))?;
        Ok(TaskOrder {
            identifier: task.id.clone(),
            arn: task.arn.clone(),
            instance: instance.id.clone(),
            migration_type: task.text("MigrationType").to_owned(),
            table_mappings: task.text("TableMappings").to_owned(),
            source: end("SourceEndpointArn", "SOURCE")?,
            target: end("TargetEndpointArn", "TARGET")?,
        })
    }

    /// A task as it is now.
    async fn described(&self, task: &Document) -> Result<Map<String, Value>, Fault> {
        let progress = self.plane.progress(&task.id).await?;
        let mut body = task.body.clone();
        body.insert("Status".to_owned(), progress.status.into());
        body.insert(
            "ReplicationTaskStats".to_owned(),
            json!({ "FullLoadProgressPercent": progress.full_load_percent }),
        );
        if let Some(failure) = progress.failure {
            body.insert("LastFailureMessage".to_owned(), failure.into());
        }
        Ok(body)
    }

    /// The answer of an operation; `status` is the state into which it has brought the task.
    async fn answer(&self, arn: &str, status: Option<&str>) -> Result<Value, Fault> {
        let mut body = self.described(self.documents.by_arn(Kind::Task, arn)?).await?;
        if let Some(status) = status {
            body.insert("Status".to_owned(), status.into());
        }
        Ok(one("ReplicationTask", body))
    }
}

fn check(request: &Request) -> Result<(), Fault> {
    if let Some(kind) = request.optional("MigrationType")
        && !MIGRATION_TYPES.contains(&kind)
    {
        return Err(Fault::invalid(format!("DMS has no migration type {kind:?}")));
    }
    for field in SETTINGS {
        if let Some(text) = request.optional(field) {
            serde_json::from_str::<Value>(text)
                .map_err(|error| Fault::invalid(format!("{field} is not JSON: {error}")))?;
        }
    }
    Ok(())
}
