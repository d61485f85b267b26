use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Statistic},
};
use crossover_core::{
    Millis, Stream,
    ports::{Metrics, PortResult, metrics::LagSample},
};

use crate::{Dms, failure::port_error};

/// Figures older than this are not requested.
const WINDOW: Duration = Duration::from_mins(10);
/// A figure may be as old as this number of periods of the metric, plus the time until CloudWatch shows it.
const FRESH_PERIODS: u64 = 3;
const SHOWN_AFTER: Millis = Millis(5_000);

/// CDC lag as DMS reports it to CloudWatch: `CDCLatencySource` and `CDCLatencyTarget` in seconds, by task.
#[derive(Debug, Clone)]
pub struct CloudWatchLag {
    client: aws_sdk_cloudwatch::Client,
    dms: Dms,
}

impl CloudWatchLag {
    pub fn new(config: &SdkConfig, dms: Dms) -> Self {
        Self {
            client: aws_sdk_cloudwatch::Client::new(config),
            dms,
        }
    }

    async fn newest(&self, metric: &str, dimensions: &[Dimension]) -> PortResult<Option<(f64, SystemTime)>> {
        let now = SystemTime::now();
        let answer = self
            .client
            .get_metric_statistics()
            .namespace("AWS/DMS")
            .metric_name(metric)
            .set_dimensions(Some(dimensions.to_vec()))
            .start_time(DateTime::from(now - WINDOW))
            .end_time(DateTime::from(now + Duration::from_secs(1)))
            .period(i32::try_from(self.dms.lag_period_s()).unwrap_or(60))
            .statistics(Statistic::Maximum)
            .send()
            .await
            .map_err(|e| port_error(&format!("CloudWatch metric AWS/DMS {metric}"), &e))?;
        let newest = answer
            .datapoints
            .unwrap_or_default()
            .into_iter()
            .filter_map(|point| {
                let at =
                    SystemTime::UNIX_EPOCH + Duration::from_secs_f64(point.timestamp?.as_secs_f64().max(0.0));
                Some((point.maximum?, at))
            })
            .max_by_key(|(_, at)| *at);
        Ok(newest)
    }
}

#[async_trait]
impl Metrics for CloudWatchLag {
    async fn lag(&self, stream: Stream) -> PortResult<Option<LagSample>> {
        let Some(ids) = self.dms.metric_ids(stream).await? else {
            return Ok(None);
        };
        let dimensions = [
            Dimension::builder()
                .name("ReplicationInstanceIdentifier")
                .value(ids.instance)
                .build(),
            Dimension::builder()
                .name("ReplicationTaskIdentifier")
                .value(ids.task)
                .build(),
        ];
        let period = Millis::from_seconds(self.dms.lag_period_s().into());
        let stale_after_ms = period * FRESH_PERIODS + SHOWN_AFTER;
        let mut worst: Option<LagSample> = None;
        for metric in ["CDCLatencySource", "CDCLatencyTarget"] {
            // Without one of the two metrics, half of the lag is unknown.
            let Some((seconds, at)) = self.newest(metric, &dimensions).await? else {
                return Ok(None);
            };
            let age_ms = Millis::from(SystemTime::now().duration_since(at).unwrap_or_default());
            let lag_ms = Millis((seconds.max(0.0) * 1000.0).ceil() as u64);
            worst = Some(worst.map_or(
                LagSample {
                    lag_ms,
                    age_ms,
                    stale_after_ms,
                },
                |w| LagSample {
                    lag_ms: w.lag_ms.max(lag_ms),
                    age_ms: w.age_ms.max(age_ms),
                    stale_after_ms,
                },
            ));
        }
        Ok(worst)
    }
}
