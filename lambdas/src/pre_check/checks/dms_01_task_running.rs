use async_trait::async_trait;
use crossover_core::{finding::Finding, ports::StreamState};

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// A cutover starts only when the stream runs and the full load is complete.
pub struct TaskRunning;

#[async_trait]
impl Check for TaskRunning {
    fn id(&self) -> &'static str {
        "DM01"
    }
    fn looks_at(&self) -> &'static str {
        "the replication task runs and its full load is complete"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "Rows that are not loaded, or changes that are not streamed, would be missing on the new writer after the commit."
    }
    fn remedy(&self) -> &'static str {
        "Create and start the replication task, and wait until its full load is at 100 %."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let stream = ctx.stream();
        let replication = ctx.replication()?;
        let object = replication.name(stream);
        let Some(task) = replication.health(stream).await? else {
            return Ok(vec![self.finds(
                &object,
                "does not exist".to_owned(),
                "create it, start it, and wait until its full load is at 100 %",
            )]);
        };
        let mut findings = Vec::new();
        if task.state != StreamState::Running {
            findings.push(self.finds(
                &object,
                format!("is {task}, not running"),
                "correct the failure if one is named, start the task, and wait until its full load is at 100 %",
            ));
        }
        if task.loaded_percent < 100 {
            findings.push(self.finds(
                &object,
                format!("has loaded {} % of the existing rows", task.loaded_percent),
                "wait until the full load is at 100 %",
            ));
        }
        Ok(findings)
    }
}
