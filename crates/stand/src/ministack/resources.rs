//! Secrets, tables, topics and metrics.

use serde_json::{Value, json};

use super::client::{Aws, Call, text};
use crate::error::{Result, StandError};

/// Selects datapoints of a metric.
#[derive(Debug, Clone)]
pub struct MetricQuery {
    /// Such as `AWS/DMS`.
    pub namespace: String,
    pub metric: String,
    /// Exact dimensions, name and value.
    pub dimensions: Vec<(String, String)>,
    /// Start of the interval, in seconds since the epoch.
    pub start: i64,
    /// End of the interval, in seconds since the epoch.
    pub end: i64,
    /// Length of a datapoint in seconds.
    pub period: u32,
    /// Such as `Maximum`.
    pub statistic: String,
}

impl Aws {
    /// Creates a secret with a text value. Returns its ARN.
    pub async fn create_secret(&self, name: &str, value: &str) -> Result<String> {
        let body = json!({ "Name": name, "SecretString": value, "ClientRequestToken": uuid::Uuid::new_v4() });
        let answer = self
            .json("secretsmanager", "secretsmanager.CreateSecret", name, &body)
            .await?;
        text(
            &Call {
                action: "CreateSecret",
                object: name,
            },
            &answer,
            "ARN",
        )
    }

    /// The text value of a secret, by its name or ARN.
    pub async fn secret_value(&self, id: &str) -> Result<String> {
        let body = json!({ "SecretId": id });
        let answer = self
            .json("secretsmanager", "secretsmanager.GetSecretValue", id, &body)
            .await?;
        text(
            &Call {
                action: "GetSecretValue",
                object: id,
            },
            &answer,
            "SecretString",
        )
    }

    /// Creates a DynamoDB table (names have at least three characters) whose keys are strings.
    pub async fn create_table(&self, name: &str, partition_key: &str, sort_key: Option<&str>) -> Result<()> {
        let keys = [(Some(partition_key), "HASH"), (sort_key, "RANGE")];
        let keys: Vec<(&str, &str)> = keys
            .into_iter()
            .filter_map(|(name, kind)| Some((name?, kind)))
            .collect();
        let body = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions":
                keys.iter().map(|(key, _)| json!({ "AttributeName": key, "AttributeType": "S" })).collect::<Value>(),
            "KeySchema":
                keys.iter().map(|(key, kind)| json!({ "AttributeName": key, "KeyType": kind })).collect::<Value>(),
        });
        self.json("dynamodb", "DynamoDB_20120810.CreateTable", name, &body)
            .await
            .map(drop)
    }

    /// Creates an SNS topic. Returns its ARN.
    pub async fn create_topic(&self, name: &str) -> Result<String> {
        let call = || Call {
            action: "CreateTopic",
            object: name,
        };
        // Topic names contain only letters, digits, hyphens and underscores, so no encoding is needed.
        let form = format!("Action=CreateTopic&Version=2010-03-31&Name={name}");
        let answer = self.query("sns", call(), form).await?;
        let arn = answer
            .split_once("<TopicArn>")
            .and_then(|(_, rest)| rest.split_once("</TopicArn>"));
        arn.map(|(arn, _)| arn.to_owned())
            .ok_or_else(|| StandError::AwsAnswer {
                action: "CreateTopic".to_owned(),
                object: name.to_owned(),
                field: "TopicArn",
                body: answer.clone(),
            })
    }

    /// The datapoints of a metric, unsorted, as the service returns them.
    pub async fn metric_statistics(&self, query: &MetricQuery) -> Result<Vec<Value>> {
        let dimensions: Value = query
            .dimensions
            .iter()
            .map(|(name, value)| json!({ "Name": name, "Value": value }))
            .collect();
        let body = json!({
            "Namespace": query.namespace,
            "MetricName": query.metric,
            "Dimensions": dimensions,
            "StartTime": query.start,
            "EndTime": query.end,
            "Period": query.period,
            "Statistics": [query.statistic],
        });
        let target = "GraniteServiceVersion20100801.GetMetricStatistics";
        let mut answer = self.json("monitoring", target, &query.metric, &body).await?;
        match answer["Datapoints"].take() {
            Value::Array(points) => Ok(points),
            _ => Err(StandError::AwsAnswer {
                action: "GetMetricStatistics".to_owned(),
                object: query.metric.clone(),
                field: "Datapoints",
                body: answer.to_string(),
            }),
        }
    }
}
