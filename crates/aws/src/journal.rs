use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use crossover_core::ports::{Journal, JournalEntry, PortResult};

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
            .map_err(|e| port_error(&format!("journal table {}", self.table), &e))?;
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
