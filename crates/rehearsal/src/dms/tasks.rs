//! Replication tasks: the requested state, compared with the real state of the streams.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use crossover_dms_api::{DataPlane, Fault, TaskOrder, TaskProgress};
use crossover_stand::ministack::Aws;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{
    endpoint::Endpoint,
    mappings::{self, Table},
    stream::{Activity, Beginning, Stream},
};

/// One task.
#[derive(Debug, Clone)]
pub struct Task {
    identifier: String,
    pub arn: String,
    /// Identifier of the replication instance.
    pub instance: String,
    pub stream: Stream,
    full_load: bool,
    /// Known when the task is started.
    beginning: Option<Beginning>,
    /// Set by a start request and reset by a stop request.
    wanted: bool,
    /// Number of rows of each table at the end of its full load.
    loaded: HashMap<Table, i64>,
}

impl Task {
    fn started(&self) -> bool {
        self.beginning.is_some()
    }

    /// DMS's status word for the state of the stream.
    fn status(&self, activity: &Activity) -> &'static str {
        match (self.started(), self.wanted, activity.enabled, activity.working) {
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

/// All tasks.
pub struct Tasks {
    secrets: Aws,
    by_identifier: HashMap<String, Task>,
}

impl Tasks {
    pub fn new(secrets: Aws) -> Self {
        Self {
            secrets,
            by_identifier: HashMap::new(),
        }
    }

    /// Tasks that have been started, for the metrics.
    pub fn started(&self) -> Vec<Task> {
        let tasks = self.by_identifier.values();
        tasks.filter(|task| task.started()).cloned().collect()
    }

    fn task(&mut self, identifier: &str) -> Result<&mut Task, Fault> {
        self.by_identifier
            .get_mut(identifier)
            .ok_or_else(|| Fault::not_found(&format!("task {identifier}")))
    }

    async fn create(&mut self, order: &TaskOrder) -> Result<(), Fault> {
        let full_load = match order.migration_type.as_str() {
            "full-load-and-cdc" => true,
            "cdc" => false,
            other => {
                return Err(Fault::invalid(format!(
                    "the stand-in does not support migration type {other}"
                )));
            }
        };
        let stream = Stream::new(
            format!("dms_{}", order.identifier.replace('-', "_")),
            Endpoint::of(&order.source, &self.secrets).await?,
            Endpoint::of(&order.target, &self.secrets).await?,
            mappings::tables(&order.table_mappings)?,
        );
        stream.publish().await?;
        let task = Task {
            identifier: order.identifier.clone(),
            arn: order.arn.clone(),
            instance: order.instance.clone(),
            stream,
            full_load,
            beginning: None,
            wanted: false,
            loaded: HashMap::new(),
        };
        self.by_identifier.insert(order.identifier.clone(), task);
        Ok(())
    }

    async fn start(&mut self, order: &TaskOrder, kind: &str) -> Result<(), Fault> {
        // The slot may have been set since the task was created.
        let source = Endpoint::of(&order.source, &self.secrets).await?;
        let task = self.task(&order.identifier)?;
        if task.wanted {
            return Err(Fault::invalid_state(format!(
                "task {} is already running",
                task.identifier
            )));
        }
        match (task.full_load, task.started(), kind) {
            (true, false, "start-replication") => {
                task.stream.subscribe(&Beginning::FullLoad).await?;
                task.beginning = Some(Beginning::FullLoad);
            }
            (false, false, "start-replication") => {
                let slot = source.slot.ok_or_else(|| {
                    Fault::invalid(format!(
                        "the endpoint {} names no slot to read from",
                        order.source["EndpointIdentifier"]
                    ))
                })?;
                let beginning = Beginning::Slot(slot);
                task.stream.subscribe(&beginning).await?;
                task.beginning = Some(beginning);
            }
            (false, true, "start-replication") | (_, true, "resume-processing") => {
                task.stream.resume().await?;
            }
            (_, _, other) => {
                return Err(Fault::invalid_state(format!(
                    "task {} cannot {other} in its state",
                    task.identifier
                )));
            }
        }
        task.wanted = true;
        Ok(())
    }

    async fn stop(&mut self, identifier: &str) -> Result<(), Fault> {
        let task = self.task(identifier)?;
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

    async fn delete(&mut self, identifier: &str) -> Result<(), Fault> {
        let task = self.task(identifier)?;
        task.stream.remove(task.beginning.as_ref()).await?;
        self.by_identifier.remove(identifier);
        Ok(())
    }

    async fn progress(&mut self, identifier: &str) -> Result<TaskProgress, Fault> {
        let full_load_percent = self.loaded_percent(identifier).await?;
        let task = self.task(identifier)?;
        let status = task.status(&task.stream.activity().await?);
        Ok(TaskProgress {
            status,
            full_load_percent,
            failure: (status == "failed").then(|| {
                "the subscription was disabled after an error; see the log of its server".to_owned()
            }),
        })
    }

    async fn loaded_percent(&mut self, identifier: &str) -> Result<usize, Fault> {
        let tables = self.statistics(identifier).await?;
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

    async fn statistics(&mut self, identifier: &str) -> Result<Vec<Value>, Fault> {
        let task = self.task(identifier)?;
        let mut tables = Vec::new();
        for table in task.stream.table_activity().await? {
            let state = match table.state {
                Some('r') => "Table completed",
                Some('i') => "Before load",
                Some(_) => "Full load",
                None if task.started() => "Table does not exist",
                None => "Before load",
            };
            if state == "Table completed" && !task.loaded.contains_key(&table.table) {
                let rows = if task.full_load {
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

/// The tasks as the API's data plane.
pub struct Plane(pub Arc<Mutex<Tasks>>);

#[async_trait]
impl DataPlane for Plane {
    async fn create(&self, task: &TaskOrder) -> Result<(), Fault> {
        self.0.lock().await.create(task).await
    }

    async fn start(&self, task: &TaskOrder, kind: &str) -> Result<(), Fault> {
        self.0.lock().await.start(task, kind).await
    }

    async fn stop(&self, identifier: &str) -> Result<(), Fault> {
        self.0.lock().await.stop(identifier).await
    }

    async fn delete(&self, identifier: &str) -> Result<(), Fault> {
        self.0.lock().await.delete(identifier).await
    }

    async fn progress(&self, identifier: &str) -> Result<TaskProgress, Fault> {
        self.0.lock().await.progress(identifier).await
    }

    async fn statistics(&self, identifier: &str) -> Result<Vec<Value>, Fault> {
        self.0.lock().await.statistics(identifier).await
    }
}
