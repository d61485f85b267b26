//! Replication tasks: the requested state, compared with the real state of the streams.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    Endpoint, Fault, INSTANCE_ARN,
    mappings::{self, Table},
    stream::{Activity, Beginning, Stream},
};

/// One task.
#[derive(Debug, Clone)]
pub struct Task {
    pub identifier: String,
    pub arn: String,
    pub stream: Stream,
    pub beginning: Beginning,
    source_endpoint: String,
    target_endpoint: String,
    /// Set by a start request and reset by a stop request.
    wanted: bool,
    started: bool,
    /// Number of rows of each table at the end of its full load.
    loaded: HashMap<Table, i64>,
}

impl Task {
    /// DMS's status word for the state of the stream.
    fn status(&self, activity: &Activity) -> &'static str {
        match (self.started, self.wanted, activity.enabled, activity.working) {
            (false, ..) => "ready",
            (true, true, true, true) => "running",
            (true, true, true, false) => "starting",
            // The task was started and the subscription has disabled itself after an error.
            (true, true, false, _) => "failed",
            (true, false, _, true) => "stopping",
            (true, false, _, false) => "stopped",
        }
    }
}

/// All tasks and the endpoints they use.
pub struct Tasks {
    endpoints: HashMap<String, Endpoint>,
    slots: HashMap<String, String>,
    by_identifier: HashMap<String, Task>,
}

impl Tasks {
    pub fn new(endpoints: HashMap<String, Endpoint>) -> Self {
        Self {
            endpoints,
            slots: HashMap::new(),
            by_identifier: HashMap::new(),
        }
    }

    /// Tasks that have been started, for the metrics.
    pub fn started(&self) -> Vec<Task> {
        self.by_identifier
            .values()
            .filter(|t| t.started)
            .cloned()
            .collect()
    }

    fn endpoint(&self, arn: &str) -> Result<&Endpoint, Fault> {
        self.endpoints
            .get(arn)
            .ok_or_else(|| Fault::not_found(&format!("endpoint {arn}")))
    }

    fn by_arn(&mut self, arn: &str) -> Result<&mut Task, Fault> {
        self.by_identifier
            .values_mut()
            .find(|t| t.arn == arn)
            .ok_or_else(|| Fault::not_found(&format!("task {arn}")))
    }

    /// `ModifyEndpoint`: only the slot of a source endpoint can be set here.
    pub fn set_slot(&mut self, endpoint_arn: &str, slot: &str) -> Result<(), Fault> {
        self.endpoint(endpoint_arn)?;
        self.slots.insert(endpoint_arn.to_owned(), slot.to_owned());
        Ok(())
    }

    /// `CreateReplicationTask`.
    pub async fn create(&mut self, request: &Value) -> Result<Value, Fault> {
        let text = |key: &str| {
            request[key]
                .as_str()
                .map(ToOwned::to_owned)
                .ok_or_else(|| Fault::invalid(format!("{key} is missing")))
        };
        let identifier = text("ReplicationTaskIdentifier")?;
        if self.by_identifier.contains_key(&identifier) {
            return Err(Fault {
                code: "ResourceAlreadyExistsFault",
                message: format!("task {identifier} exists"),
            });
        }
        let (source_endpoint, target_endpoint) = (text("SourceEndpointArn")?, text("TargetEndpointArn")?);
        let beginning = match text("MigrationType")?.as_str() {
            "full-load-and-cdc" => Beginning::FullLoad,
            "cdc" => Beginning::Slot(self.slots.get(&source_endpoint).cloned().ok_or_else(|| {
                Fault::invalid(format!("endpoint {source_endpoint} names no slot to read from"))
            })?),
            other => {
                return Err(Fault::invalid(format!(
                    "the stand-in does not support migration type {other}"
                )));
            }
        };
        let stream = Stream::new(
            format!("dms_{}", identifier.replace('-', "_")),
            self.endpoint(&source_endpoint)?.clone(),
            self.endpoint(&target_endpoint)?.clone(),
            mappings::tables(&text("TableMappings")?)?,
        );
        if beginning != Beginning::FullLoad {
            stream.create(&beginning).await?;
        }
        let arn = format!(
            "arn:aws:dms:us-east-1:000000000000:task:{}",
            identifier.to_uppercase()
        );
        let task = Task {
            identifier: identifier.clone(),
            arn,
            stream,
            beginning,
            source_endpoint,
            target_endpoint,
            wanted: false,
            started: false,
            loaded: HashMap::new(),
        };
        self.by_identifier.insert(identifier.clone(), task);
        let described = self.describe(Some(&identifier)).await?;
        Ok(json!({ "ReplicationTask": described[0] }))
    }

    /// `StartReplicationTask`.
    pub async fn start(&mut self, arn: &str, kind: &str) -> Result<(), Fault> {
        let task = self.by_arn(arn)?;
        if task.wanted {
            return Err(Fault::invalid_state(format!(
                "task {} is already running",
                task.identifier
            )));
        }
        match (task.beginning == Beginning::FullLoad, task.started, kind) {
            (true, false, "start-replication") => task.stream.create(&task.beginning).await?,
            (false, _, "start-replication") | (_, true, "resume-processing") => task.stream.resume().await?,
            (_, _, other) => {
                return Err(Fault::invalid_state(format!(
                    "task {} cannot {other} in its state",
                    task.identifier
                )));
            }
        }
        task.wanted = true;
        task.started = true;
        Ok(())
    }

    /// `StopReplicationTask`.
    pub async fn stop(&mut self, arn: &str) -> Result<(), Fault> {
        let task = self.by_arn(arn)?;
        if !task.wanted {
            return Err(Fault::invalid_state(format!(
                "task {} is not running",
                task.identifier
            )));
        }
        task.stream.pause().await?;
        task.wanted = false;
        Ok(())
    }

    /// `DeleteReplicationTask`.
    pub async fn delete(&mut self, arn: &str) -> Result<(), Fault> {
        let task = self.by_arn(arn)?;
        if task.wanted {
            return Err(Fault::invalid_state(format!(
                "task {} is running; stop it first",
                task.identifier
            )));
        }
        let identifier = task.identifier.clone();
        task.stream.remove(&task.beginning).await?;
        self.by_identifier.remove(&identifier);
        Ok(())
    }

    /// `DescribeReplicationTasks`, all or one by identifier.
    pub async fn describe(&mut self, identifier: Option<&str>) -> Result<Vec<Value>, Fault> {
        let chosen: Vec<String> = match identifier {
            Some(one) if self.by_identifier.contains_key(one) => vec![one.to_owned()],
            Some(one) => return Err(Fault::not_found(&format!("task {one}"))),
            None => self.by_identifier.keys().cloned().collect(),
        };
        let mut described = Vec::new();
        for identifier in chosen {
            let loaded = self.loaded_percent(&identifier).await?;
            let task = &self.by_identifier[&identifier];
            let activity = task.stream.activity().await?;
            let status = task.status(&activity);
            let mut value = json!({
                "ReplicationTaskIdentifier": task.identifier,
                "ReplicationTaskArn": task.arn,
                "ReplicationInstanceArn": INSTANCE_ARN,
                "SourceEndpointArn": task.source_endpoint,
                "TargetEndpointArn": task.target_endpoint,
                "MigrationType": if task.beginning == Beginning::FullLoad { "full-load-and-cdc" } else { "cdc" },
                "Status": status,
                "ReplicationTaskStats": { "FullLoadProgressPercent": loaded },
            });
            if status == "failed" {
                let message = "the subscription was disabled after an error; see the log of its server";
                value["LastFailureMessage"] = message.into();
            }
            described.push(value);
        }
        Ok(described)
    }

    async fn loaded_percent(&mut self, identifier: &str) -> Result<usize, Fault> {
        let tables = self.tables(identifier).await?;
        let done = tables
            .iter()
            .filter(|t| t["TableState"] == "Table completed")
            .count();
        Ok(if tables.is_empty() {
            0
        } else {
            done * 100 / tables.len()
        })
    }

    /// `DescribeTableStatistics` by ARN.
    pub async fn statistics(&mut self, arn: &str) -> Result<Vec<Value>, Fault> {
        let identifier = self.by_arn(arn)?.identifier.clone();
        self.tables(&identifier).await
    }

    async fn tables(&mut self, identifier: &str) -> Result<Vec<Value>, Fault> {
        let Some(task) = self.by_identifier.get_mut(identifier) else {
            return Ok(Vec::new());
        };
        let mut tables = Vec::new();
        for table in task.stream.table_activity().await? {
            let state = match table.state {
                Some('r') => "Table completed",
                Some('i') => "Before load",
                Some(_) => "Full load",
                None if task.started => "Table does not exist",
                None => "Before load",
            };
            if state == "Table completed" && !task.loaded.contains_key(&table.table) {
                let rows = if task.beginning == Beginning::FullLoad {
                    task.stream.count(&table.table).await?
                } else {
                    0
                };
                task.loaded.insert(table.table.clone(), rows);
            }
            let loaded = task.loaded.get(&table.table).copied().unwrap_or_default();
            tables.push(json!({
                "SchemaName": table.table.0,
                "TableName": table.table.1,
                "TableState": state,
                "FullLoadRows": loaded,
                "Inserts": (table.inserted - loaded).max(0),
                "Updates": table.updated,
                "Deletes": table.deleted,
                "ValidationState": "Not enabled",
            }));
        }
        Ok(tables)
    }
}
