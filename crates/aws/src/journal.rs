use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use crossover_core::{
    UnixMillis,
    ports::{Journal, JournalEntry, PortResult},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::port_error;

/// The journal in a DynamoDB table: partition key `run_id`, sort key `entry` (time, stage, event).
#[derive(Debug, Clone)]
pub struct DynamoJournal {
    dynamo: aws_sdk_dynamodb::Client,
    sns: aws_sdk_sns::Client,
    table: String,
    topic_arn: Option<String>,
}

impl DynamoJournal {
    /// `topic_arn` receives the notifications; with `None`, none are sent.
    pub fn new(config: &SdkConfig, table: String, topic_arn: Option<String>) -> Self {
        Self {
            dynamo: aws_sdk_dynamodb::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            table,
            topic_arn,
        }
    }

    /// Everything that is known of a run, oldest first.
    pub async fn lines(&self, run_id: &str) -> PortResult<Vec<JournalLine>> {
        let mut pages = self
            .dynamo
            .query()
            .table_name(&self.table)
            .key_condition_expression("run_id = :run")
            .expression_attribute_values(":run", AttributeValue::S(run_id.to_owned()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut lines = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|e| port_error(&self.what(), &e))?;
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
            let number = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
            lines.push(JournalLine {
                stage: text("stage").unwrap_or_default(),
                event: text("event").unwrap_or_default(),
                at_ms: UnixMillis(number("at_ms").unwrap_or_default()),
                detail: text("detail")
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_default(),
            });
        }
        Ok(lines)
    }

    fn what(&self) -> String {
        format!("journal table {}", self.table)
    }
}

/// One line of a run's history, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalLine {
    pub stage: String,
    /// `started`, `waiting`, `done`, `failed`.
    pub event: String,
    pub at_ms: UnixMillis,
    pub detail: Value,
}

#[async_trait]
impl Journal for DynamoJournal {
    async fn append(&self, entry: JournalEntry) -> PortResult<()> {
        let text = AttributeValue::S;
        self.dynamo
            .put_item()
            .table_name(&self.table)
            .item("run_id", text(entry.run_id))
            .item(
                "entry",
                text(format!("{:013}#{}#{}", entry.at_ms.0, entry.stage, entry.event)),
            )
            .item("migration_id", text(entry.migration_id))
            .item("lane", text(entry.lane))
            .item("stage", text(entry.stage))
            .item("event", text(entry.event))
            .item("at_ms", AttributeValue::N(entry.at_ms.to_string()))
            .item("detail", text(entry.detail.to_string()))
            .send()
            .await
            .map_err(|e| port_error(&self.what(), &e))?;
        Ok(())
    }

    async fn notify(&self, subject: &str, message: &str) -> PortResult<()> {
        let Some(topic) = &self.topic_arn else {
            return Ok(());
        };
        // An SNS subject has at most 100 ASCII characters and no line breaks.
        let subject: String = subject
            .chars()
            .filter(|c| c.is_ascii() && !c.is_ascii_control())
            .take(100)
            .collect();
        self.sns
            .publish()
            .topic_arn(topic)
            .subject(subject)
            .message(message)
            .send()
            .await
            .map_err(|e| port_error(&format!("SNS topic {topic}"), &e))?;
        Ok(())
    }
}
