//! The replication lag during the rehearsal, from CloudWatch: the figures on which the product's decisions
//! were based.

use crossover_core::{FractionalMillis, UnixMillis};
use crossover_stand::ministack::MetricQuery;
use serde_json::Value;

use crate::{
    dms::end_of_arn,
    environment::{Cloud, INSTANCE_ID, Streams},
    error::Result,
    report::LagPoint,
    run::rfc3339,
};

/// The lag of the stream that ran at each time, second by second; `last` are the streams at the end.
pub async fn points(
    cloud: &Cloud,
    last: Streams,
    started: UnixMillis,
    ended: UnixMillis,
) -> Result<Vec<LagPoint>> {
    let mut points = Vec::new();
    for task in last.all_so_far() {
        let query = MetricQuery {
            namespace: "AWS/DMS".to_owned(),
            metric: "CDCLatencyTarget".to_owned(),
            dimensions: vec![
                ("ReplicationInstanceIdentifier".to_owned(), INSTANCE_ID.to_owned()),
                ("ReplicationTaskIdentifier".to_owned(), end_of_arn(&task)),
            ],
            start: (started.0 / 1000) as i64,
            end: (ended.0 / 1000) as i64 + 1,
            period: 1,
            statistic: "Maximum".to_owned(),
        };
        for point in cloud.aws.metric_statistics(&query).await? {
            let at = match &point["Timestamp"] {
                Value::Number(seconds) => seconds.as_f64().map(|s| UnixMillis((s * 1_000.0) as u64)),
                Value::String(text) => rfc3339(text),
                _ => None,
            };
            if let Some((at, lag)) = at.zip(point["Maximum"].as_f64()) {
                points.push(LagPoint {
                    at_ms: FractionalMillis::between(started, at),
                    lag_ms: Some(FractionalMillis(lag * 1_000.0)),
                });
            }
        }
    }
    points.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
    Ok(points)
}
