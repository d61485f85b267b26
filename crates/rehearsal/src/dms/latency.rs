//! Sends the streams' latency to CloudWatch under the names DMS uses.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use super::tasks::Tasks;

/// DMS stores one figure per minute; a rehearsal lasts minutes, so the stand-in stores one per second.
const EVERY: Duration = Duration::from_secs(1);

/// Measures and reports until it is dropped.
pub struct LatencyReporter {
    cloudwatch_url: String,
    tasks: Arc<Mutex<Tasks>>,
    http: reqwest::Client,
}

impl LatencyReporter {
    pub fn new(http: reqwest::Client, cloudwatch_url: String, tasks: Arc<Mutex<Tasks>>) -> Self {
        Self {
            cloudwatch_url,
            tasks,
            http,
        }
    }

    pub async fn run(self) {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let started = self.tasks.lock().await.started();
            for task in started {
                // Without a sender there is no figure, so that a reader sees the figure missing, as with DMS.
                if let Ok(Some((source, target))) = task.stream.latency().await {
                    let end = task.arn.rsplit(':').next().unwrap_or_default();
                    self.put((&task.instance, end), source, target).await;
                }
            }
        }
    }

    async fn put(&self, (instance, task): (&str, &str), source: f64, target: f64) {
        let mut form: Vec<(String, String)> = vec![
            ("Action".to_owned(), "PutMetricData".to_owned()),
            ("Version".to_owned(), "2010-08-01".to_owned()),
            ("Namespace".to_owned(), "AWS/DMS".to_owned()),
        ];
        for (index, (name, value)) in [("CDCLatencySource", source), ("CDCLatencyTarget", target)]
            .into_iter()
            .enumerate()
        {
            let member = format!("MetricData.member.{}", index + 1);
            form.push((format!("{member}.MetricName"), name.to_owned()));
            form.push((format!("{member}.Value"), value.to_string()));
            form.push((format!("{member}.Unit"), "Seconds".to_owned()));
            form.push((format!("{member}.StorageResolution"), "1".to_owned()));
            let dimensions = [
                ("ReplicationInstanceIdentifier", instance),
                ("ReplicationTaskIdentifier", task),
            ];
            for (number, (key, text)) in dimensions.into_iter().enumerate() {
                form.push((
                    format!("{member}.Dimensions.member.{}.Name", number + 1),
                    key.to_owned(),
                ));
                form.push((
                    format!("{member}.Dimensions.member.{}.Value", number + 1),
                    text.to_owned(),
                ));
            }
        }
        let sent = self
            .http
            .post(&self.cloudwatch_url)
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=rehearsal/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0",
            )
            .form(&form)
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => {
                tracing::warn!(status = %answer.status(), "the local CloudWatch refused the latency");
            }
            Err(error) => tracing::debug!(error = %error, "the local CloudWatch did not answer"),
        }
    }
}
