//! The replication lag during the rehearsal, from CloudWatch: the figures on which the product's decisions
//! were based.

use crossover_stand::ministack::MetricQuery;
use serde_json::Value;

use crate::{
    dms::INSTANCE_ID,
    environment::{Cloud, FORWARD_TASK, RENEWED_TASK, REVERSE_TASK},
    error::Result,
    report::LagPoint,
    run::iso_ms,
};

/// The lag of the stream that ran at each time, second by second. Both times are Unix milliseconds.
pub async fn points(cloud: &Cloud, started_unix_ms: u64, ended_unix_ms: u64) -> Result<Vec<LagPoint>> {
    let mut points = Vec::new();
    for task in [FORWARD_TASK, REVERSE_TASK, RENEWED_TASK] {
        let query = MetricQuery {
            namespace: "AWS/DMS".to_owned(),
            metric: "CDCLatencyTarget".to_owned(),
            dimensions: vec![
                ("ReplicationInstanceIdentifier".to_owned(), INSTANCE_ID.to_owned()),
                ("ReplicationTaskIdentifier".to_owned(), task.to_uppercase()),
            ],
            start: (started_unix_ms / 1000) as i64,
            end: (ended_unix_ms / 1000) as i64 + 1,
            period: 1,
            statistic: "Maximum".to_owned(),
        };
        for point in cloud.aws.metric_statistics(&query).await? {
            let at = match &point["Timestamp"] {
                Value::Number(seconds) => seconds.as_f64().map(|s| s * 1000.0),
                Value::String(text) => iso_ms(text),
                _ => None,
            };
            if let Some((at, lag)) = at.zip(point["Maximum"].as_f64()) {
                points.push(LagPoint {
                    at_ms: at - started_unix_ms as f64,
                    lag_ms: Some(lag * 1000.0),
                });
            }
        }
    }
    points.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
    Ok(points)
}
