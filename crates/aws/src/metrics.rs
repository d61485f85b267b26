use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Statistic},
};
use crossover_core::{
    Millis, Stream,
    ports::{Figure, Metrics, PortError, PortResult},
};

use crate::{Dms, failure::port_error};

/// A figure may be as old as this number of periods of the metric, plus the time until CloudWatch shows it. Older ones
/// are asked for too, because the message names their age.
const FRESH_PERIODS: u64 = 3;
const SHOWN_AFTER: Millis = Millis(5_000);
const ASKED_PERIODS: u32 = 10;

/// CDC lag as DMS reports it to CloudWatch (`CDCLatencySource` and `CDCLatencyTarget` in seconds, by task), and the
/// CPU of instances.
#[derive(Debug, Clone)]
pub struct CloudWatchMetrics {
    client: aws_sdk_cloudwatch::Client,
    dms: Dms,
}

/// A metric of one resource.
struct Metric<'a> {
    namespace: &'a str,
    name: &'a str,
    dimensions: Vec<(&'a str, &'a str)>,
    period_s: u32,
    statistic: Statistic,
}

impl Metric<'_> {
    fn stale_after(&self) -> Millis {
        Millis::from_seconds(self.period_s.into()) * FRESH_PERIODS + SHOWN_AFTER
    }
}

impl CloudWatchMetrics {
    pub fn new(config: &SdkConfig, dms: Dms) -> Self {
        Self {
            client: aws_sdk_cloudwatch::Client::new(config),
            dms,
        }
    }

    async fn newest(&self, metric: &Metric<'_>) -> PortResult<Option<Figure<f64>>> {
        let now = SystemTime::now();
        let asked = Duration::from_secs(u64::from(metric.period_s * ASKED_PERIODS));
        let dimensions = metric
            .dimensions
            .iter()
            .map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
        let answer = self
            .client
            .get_metric_statistics()
            .namespace(metric.namespace)
            .metric_name(metric.name)
            .set_dimensions(Some(dimensions.collect()))
            .start_time(DateTime::from(now - asked))
            .end_time(DateTime::from(now + Duration::from_secs(1)))
            .period(i32::try_from(metric.period_s).unwrap_or(60))
            .statistics(metric.statistic.clone())
            .send()
            .await
            .map_err(|e| {
                port_error(
                    &format!("CloudWatch metric {} {}", metric.namespace, metric.name),
                    &e,
                )
            })?;
        let newest = answer
            .datapoints
            .unwrap_or_default()
            .into_iter()
            .filter_map(|point| {
                let at =
                    SystemTime::UNIX_EPOCH + Duration::from_secs_f64(point.timestamp?.as_secs_f64().max(0.0));
                Some((point.maximum.or(point.average)?, at))
            })
            .max_by_key(|(_, at)| *at);
        let age = |at| Millis::from(SystemTime::now().duration_since(at).unwrap_or_default());
        Ok(newest.map(|(value, at)| Figure {
            value,
            age_ms: age(at),
            stale_after_ms: metric.stale_after(),
        }))
    }
}

/// The metric of a server's CPU: `rds/<instance>` or `ec2/<instance id>`.
fn cpu_of(server: &str) -> PortResult<Metric<'_>> {
    let metric = |namespace, dimension, id, period_s| Metric {
        namespace,
        name: "CPUUtilization",
        dimensions: vec![(dimension, id)],
        period_s,
        statistic: Statistic::Average,
    };
    match server.split_once('/') {
        Some(("rds", id)) if !id.is_empty() => Ok(metric("AWS/RDS", "DBInstanceIdentifier", id, 60)),
        // Basic monitoring of EC2 has a figure every five minutes.
        Some(("ec2", id)) if !id.is_empty() => Ok(metric("AWS/EC2", "InstanceId", id, 300)),
        _ => Err(PortError::refused(
            "the plan",
            format!("monitored_as is {server:?}: write it as rds/<instance> or ec2/<instance id>"),
        )),
    }
}

#[async_trait]
impl Metrics for CloudWatchMetrics {
    async fn lag(&self, stream: Stream) -> PortResult<Option<Figure<Millis>>> {
        let Some(ids) = self.dms.metric_ids(stream).await? else {
            return Ok(None);
        };
        let metric = |name| Metric {
            namespace: "AWS/DMS",
            name,
            dimensions: vec![
                ("ReplicationInstanceIdentifier", ids.instance.as_str()),
                ("ReplicationTaskIdentifier", ids.task.as_str()),
            ],
            period_s: self.dms.lag_period_s(),
            statistic: Statistic::Maximum,
        };
        let mut worst: Option<Figure<Millis>> = None;
        for name in ["CDCLatencySource", "CDCLatencyTarget"] {
            // Without one of the two metrics, half of the lag is unknown.
            let Some(latency) = self.newest(&metric(name)).await? else {
                return Ok(None);
            };
            let lag = latency.with(Millis((latency.value.max(0.0) * 1000.0).ceil() as u64));
            let before = worst.unwrap_or(lag);
            worst = Some(Figure {
                value: before.value.max(lag.value),
                age_ms: before.age_ms.max(lag.age_ms),
                ..before
            });
        }
        Ok(worst)
    }

    async fn cpu(&self, server: &str) -> PortResult<Option<Figure<u32>>> {
        let newest = self.newest(&cpu_of(server)?).await?;
        Ok(newest.map(|cpu| cpu.with(cpu.value.round().clamp(0.0, 100.0) as u32)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_service_and_identifier() {
        let rds = cpu_of("rds/shop-1").unwrap();
        assert_eq!(
            (rds.namespace, rds.dimensions.as_slice(), rds.stale_after()),
            (
                "AWS/RDS",
                [("DBInstanceIdentifier", "shop-1")].as_slice(),
                Millis(185_000)
            )
        );
        let ec2 = cpu_of("ec2/i-0123").unwrap();
        assert_eq!((ec2.namespace, ec2.stale_after()), ("AWS/EC2", Millis(905_000)));
    }

    #[test]
    fn another_form_is_refused_with_the_right_one() {
        for wrong in ["shop-1", "rds/", "azure/x", ""] {
            let refusal = cpu_of(wrong)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(
                refusal.contains(&format!("{wrong:?}")) && refusal.contains("rds/<instance>"),
                "{refusal}"
            );
        }
    }
}
