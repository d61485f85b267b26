//! Builds the context of a run from its plan, and keeps the context while the function is warm.

use std::sync::Arc;

use crossover_aws::{DynamoJournal, EdgeKey, Secrets};
use crossover_clock::SystemClock;
use crossover_core::{
    Direction, Plan, StageContext, StageError,
    ports::{Database, Lane, PortResult},
};
use tokio::sync::Mutex;

use crate::{
    Configuration,
    edge::EdgeLane,
    engines::{Engines, Side},
};

/// Connections to both databases and to the lane of one plan.
#[derive(Clone)]
struct Connections {
    plan: Plan,
    source: Database,
    target: Database,
    lane: Arc<dyn Lane>,
}

/// The stage contexts of a function. A warm function keeps the last context: the pause of a cutover leaves no
/// time to connect.
pub struct Contexts {
    configuration: Configuration,
    aws: aws_config::SdkConfig,
    secrets: Secrets,
    kept: Mutex<Option<Connections>>,
}

impl Contexts {
    pub fn new(configuration: Configuration, aws: aws_config::SdkConfig) -> Self {
        let secrets = Secrets::new(&aws);
        Self {
            configuration,
            aws,
            secrets,
            kept: Mutex::new(None),
        }
    }

    /// The context for a plan, in a direction.
    pub async fn context(
        &self,
        plan: &Plan,
        direction: Direction,
        engines: &Engines,
    ) -> Result<StageContext, StageError> {
        let connections = self.connections(plan, engines).await?;
        let (old_writer, new_writer) = match direction {
            Direction::Forward => (connections.source, connections.target),
            Direction::Reverse => (connections.target, connections.source),
        };
        let (replication, metrics) = engines.replication.ports(&self.aws);
        Ok(StageContext {
            plan: plan.clone(),
            direction,
            old_writer,
            new_writer,
            lane: connections.lane,
            metrics,
            replication,
            journal: Arc::new(DynamoJournal::new(
                &self.aws,
                self.configuration.journal_table.clone(),
                self.configuration.notice_topic_arn.clone(),
            )),
            clock: Arc::new(SystemClock),
        })
    }

    /// Drops connections and secrets, so that the next invocation reads rotated secrets.
    pub async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    async fn connections(&self, plan: &Plan, engines: &Engines) -> PortResult<Connections> {
        let mut kept = self.kept.lock().await;
        if let Some(connections) = kept.as_ref().filter(|c| c.plan == *plan) {
            return Ok(connections.clone());
        }
        let side = |label, plan| Side {
            label,
            plan,
            replication: &*engines.replication,
        };
        let (source, target, lane) = tokio::try_join!(
            (engines.source.connect)(&self.secrets, side("source", &plan.source)),
            (engines.target.connect)(&self.secrets, side("target", &plan.target)),
            self.lane(plan)
        )?;
        let connections = Connections {
            plan: plan.clone(),
            source,
            target,
            lane,
        };
        *kept = Some(connections.clone());
        Ok(connections)
    }

    async fn lane(&self, plan: &Plan) -> PortResult<Arc<dyn Lane>> {
        let key: EdgeKey = self.secrets.json(&plan.edge.secret_id).await?;
        Ok(Arc::new(EdgeLane::new(&plan.edge.admin_url, &plan.lane, &key)?))
    }
}
