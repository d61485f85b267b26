use async_trait::async_trait;
use crossover_core::{
    StageContext,
    finding::Finding,
    ports::{PortError, TaskState},
};

use super::Check;

/// A cutover starts from a running stream.
pub struct TaskRunning;

#[async_trait]
impl Check for TaskRunning {
    fn id(&self) -> &'static str {
        "DM01"
    }
    fn looks_at(&self) -> &'static str {
        "that the replication task runs and has loaded everything"
    }
    fn why(&self) -> &'static str {
        "A cutover starts from a stream that runs and has loaded every row."
    }
    fn remedy(&self) -> &'static str {
        "Create and start the replication task, and wait for the full load."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let stream = ctx.stream();
        let object = format!("DMS task {stream}");
        let Some(task) = ctx.replication.task(stream).await? else {
            return Ok(vec![self.finds(
                &object,
                "does not exist".to_owned(),
                "create and start it",
            )]);
        };
        let mut findings = Vec::new();
        if task.state != TaskState::Running {
            let why = task.last_failure.unwrap_or_default();
            findings.push(self.finds(
                &object,
                format!("is {}, not running {why}", task.state),
                "start it and wait for the full load",
            ));
        }
        if task.full_load_percent < 100 {
            findings.push(self.finds(
                &object,
                format!("has loaded {} %", task.full_load_percent),
                "wait for the full load",
            ));
        }
        Ok(findings)
    }
}
