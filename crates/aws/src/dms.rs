//! AWS Database Migration Service as the CDC engine: each stream is a DMS task.

mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_databasemigration::{
    Client,
    operation::{
        delete_replication_task::DeleteReplicationTaskError,
        describe_replication_tasks::DescribeReplicationTasksError,
    },
    types::{Filter, MigrationTypeValue, PostgreSqlSettings, ReplicationTask, StartReplicationTaskTypeValue},
};
use crossover_core::{
    Position, Stream,
    catalogue::TableName,
    ports::{NewStream, PortError, PortResult, Replication, StreamHealth, StreamState, TableHealth},
};

pub use settings::{DmsSettings, Endpoints};

use crate::{failure::port_error, table_mappings::selection};

/// Settings of the tasks that Crossover creates: changes are applied in commit order, and errors stop the
/// task instead of being ignored.
const TASK_SETTINGS: &str = include_str!("task_settings.json");

/// `TableState` of a table that is loaded and whose changes are replicated.
const FOLLOWS: &str = "Table completed";

#[derive(Debug, Clone)]
pub struct Dms {
    client: Client,
    settings: Arc<DmsSettings>,
}

/// The dimensions of a task's metrics in CloudWatch.
#[derive(Debug)]
pub struct MetricIds {
    pub instance: String,
    /// The last part of the task's ARN, not its identifier.
    pub task: String,
}

impl Dms {
    pub fn new(config: &SdkConfig, settings: DmsSettings) -> Self {
        Self {
            client: Client::new(config),
            settings: Arc::new(settings),
        }
    }

    pub(crate) fn lag_period_s(&self) -> u32 {
        self.settings.lag_period_s
    }

    async fn describe(&self, task: &str) -> PortResult<Option<ReplicationTask>> {
        let what = format!("DMS task {task}");
        let filter = Filter::builder()
            .name("replication-task-id")
            .values(task)
            .build()
            .map_err(|e| PortError::unexpected(&what, e))?;
        match self
            .client
            .describe_replication_tasks()
            .filters(filter)
            .without_settings(true)
            .send()
            .await
        {
            Ok(answer) => Ok(answer.replication_tasks.unwrap_or_default().into_iter().next()),
            Err(e)
                if e.as_service_error()
                    .is_some_and(DescribeReplicationTasksError::is_resource_not_found_fault) =>
            {
                Ok(None)
            }
            Err(e) => Err(port_error(&what, &e)),
        }
    }

    async fn existing(&self, task: &str) -> PortResult<(String, ReplicationTask)> {
        let found = self
            .describe(task)
            .await?
            .ok_or_else(|| PortError::missing(format!("DMS task {task}")))?;
        let arn = found
            .replication_task_arn
            .clone()
            .ok_or_else(|| PortError::unexpected(format!("DMS task {task}"), "the task has no ARN"))?;
        Ok((arn, found))
    }

    /// The dimensions of the task's metrics; `None` when the task does not exist.
    pub(crate) async fn metric_ids(&self, stream: Stream) -> PortResult<Option<MetricIds>> {
        let task = self.settings.task(stream);
        let Some(found) = self.describe(task).await? else {
            return Ok(None);
        };
        let what = format!("DMS task {task}");
        let (Some(task_arn), Some(instance_arn)) =
            (found.replication_task_arn, found.replication_instance_arn)
        else {
            return Err(PortError::unexpected(
                what,
                "the task has no ARN or no replication instance",
            ));
        };
        let filter = Filter::builder()
            .name("replication-instance-arn")
            .values(&instance_arn)
            .build()
            .map_err(|e| PortError::unexpected(&what, e))?;
        let answer = self
            .client
            .describe_replication_instances()
            .filters(filter)
            .send()
            .await
            .map_err(|e| port_error(&format!("DMS replication instance {instance_arn}"), &e))?;
        let instance = answer
            .replication_instances
            .unwrap_or_default()
            .into_iter()
            .find_map(|i| i.replication_instance_identifier)
            .ok_or_else(|| PortError::missing(format!("DMS replication instance {instance_arn}")))?;
        let task = task_arn.rsplit(':').next().unwrap_or_default().to_owned();
        Ok(Some(MetricIds { instance, task }))
    }
}

fn state(status: &str) -> StreamState {
    // Source: AWS DMS API reference, ReplicationTask.Status.
    match status {
        "ready" => StreamState::Ready,
        "starting" => StreamState::Starting,
        "running" => StreamState::Running,
        "stopping" => StreamState::Stopping,
        "stopped" => StreamState::Stopped,
        "failed" => StreamState::Failed,
        other => StreamState::Other(other.to_owned()),
    }
}

#[async_trait]
impl Replication for Dms {
    fn name(&self, stream: Stream) -> String {
        format!("DMS task {}", self.settings.task(stream))
    }

    fn supports_whole_row_identity(&self) -> bool {
        self.settings.supports_whole_row_identity()
    }

    async fn health(&self, stream: Stream) -> PortResult<Option<StreamHealth>> {
        let found = self.describe(self.settings.task(stream)).await?;
        Ok(found.map(|found| StreamHealth {
            state: state(found.status.as_deref().unwrap_or("unknown")),
            loaded_percent: found
                .replication_task_stats
                .map_or(0, |s| u32::try_from(s.full_load_progress_percent).unwrap_or(0)),
            last_failure: found.last_failure_message,
        }))
    }

    async fn tables(&self, stream: Stream) -> PortResult<Vec<TableHealth>> {
        let task = self.settings.task(stream);
        let (arn, _) = self.existing(task).await?;
        let mut pages = self
            .client
            .describe_table_statistics()
            .replication_task_arn(arn)
            .into_paginator()
            .send();
        let mut tables = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| port_error(&format!("table statistics of DMS task {task}"), &e))?;
            tables.extend(
                page.table_statistics
                    .unwrap_or_default()
                    .into_iter()
                    .map(|t| TableHealth {
                        table: TableName {
                            schema: t.schema_name.unwrap_or_default(),
                            name: t.table_name.unwrap_or_default(),
                        },
                        follows: t.table_state.as_deref() == Some(FOLLOWS),
                        state: t.table_state.unwrap_or_default(),
                    }),
            );
        }
        tables.sort_by(|a, b| a.table.cmp(&b.table));
        Ok(tables)
    }

    async fn prepare(&self, new: &NewStream) -> PortResult<()> {
        let task = self.settings.task(new.stream);
        if self.describe(task).await?.is_some() {
            return Ok(());
        }
        let (reads, writes) = self.settings.endpoints(new.stream);
        // In DMS the replication slot is a setting of the source endpoint, not of the task.
        let request = self
            .client
            .modify_endpoint()
            .endpoint_arn(reads)
            .postgre_sql_settings(PostgreSqlSettings::builder().slot_name(&new.retained).build());
        // Boxed, here and below: the SDK's futures for requests of this size would otherwise be on the stack
        // of every caller.
        Box::pin(request.send())
            .await
            .map_err(|e| port_error(&format!("DMS endpoint {reads}"), &e))?;
        let request = self
            .client
            .create_replication_task()
            .replication_task_identifier(task)
            .replication_instance_arn(&self.settings.replication_instance_arn)
            .source_endpoint_arn(reads)
            .target_endpoint_arn(writes)
            .migration_type(MigrationTypeValue::Cdc)
            .table_mappings(selection(&new.tables).to_string())
            .replication_task_settings(TASK_SETTINGS);
        Box::pin(request.send())
            .await
            .map_err(|e| port_error(&format!("DMS task {task}"), &e))?;
        Ok(())
    }

    async fn start(&self, stream: Stream, from: Option<&Position>) -> PortResult<()> {
        let task = self.settings.task(stream);
        let (arn, found) = self.existing(task).await?;
        if matches!(
            state(found.status.as_deref().unwrap_or_default()),
            StreamState::Running | StreamState::Starting
        ) {
            return Ok(());
        }
        let kind = match from {
            Some(_) => StartReplicationTaskTypeValue::StartReplication,
            None => StartReplicationTaskTypeValue::ResumeProcessing,
        };
        self.client
            .start_replication_task()
            .replication_task_arn(arn)
            .start_replication_task_type(kind)
            .set_cdc_start_position(from.map(ToString::to_string))
            .send()
            .await
            .map_err(|e| port_error(&format!("DMS task {task}"), &e))?;
        Ok(())
    }

    async fn request_stop(&self, stream: Stream) -> PortResult<()> {
        let task = self.settings.task(stream);
        let (arn, found) = self.existing(task).await?;
        if !matches!(
            state(found.status.as_deref().unwrap_or_default()),
            StreamState::Running | StreamState::Starting
        ) {
            return Ok(());
        }
        self.client
            .stop_replication_task()
            .replication_task_arn(arn)
            .send()
            .await
            .map_err(|e| port_error(&format!("DMS task {task}"), &e))?;
        Ok(())
    }

    async fn remove(&self, stream: Stream) -> PortResult<()> {
        let task = self.settings.task(stream);
        let Some(found) = self.describe(task).await? else {
            return Ok(());
        };
        let Some(arn) = found.replication_task_arn else {
            return Ok(());
        };
        match self
            .client
            .delete_replication_task()
            .replication_task_arn(arn)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(e)
                if e.as_service_error()
                    .is_some_and(DeleteReplicationTaskError::is_resource_not_found_fault) =>
            {
                Ok(())
            }
            Err(e) => Err(port_error(&format!("DMS task {task}"), &e)),
        }
    }
}
