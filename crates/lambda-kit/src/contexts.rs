//! Builds the context of a run from its plan, and keeps the context while the function is warm.

use std::sync::Arc;

use crossover_aws::{CloudWatchLag, Dms, DmsSettings, DynamoJournal, Secrets};
use crossover_clock::SystemClock;
use crossover_core::{
    Direction, Plan, StageContext, StageError,
    plan::DatabasePlan,
    ports::{Database, Lane, PortResult},
};
use crossover_postgres::{ConnectionSettings, PostgresDatabase};
use tokio::sync::Mutex;

use crate::{
    Configuration,
    edge::{EdgeKey, EdgeLane},
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
        settings: DmsSettings,
    ) -> Result<StageContext, StageError> {
        let connections = self.connections(plan, &settings).await?;
        let (old_writer, new_writer) = match direction {
            Direction::Forward => (connections.source, connections.target),
            Direction::Reverse => (connections.target, connections.source),
        };
        let dms = Dms::new(&self.aws, settings);
        Ok(StageContext {
            plan: plan.clone(),
            direction,
            old_writer,
            new_writer,
            lane: connections.lane,
            metrics: Arc::new(CloudWatchLag::new(&self.aws, dms.clone())),
            replication: Arc::new(dms),
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

    async fn connections(&self, plan: &Plan, settings: &DmsSettings) -> PortResult<Connections> {
        let mut kept = self.kept.lock().await;
        if let Some(connections) = kept.as_ref().filter(|c| c.plan == *plan) {
            return Ok(connections.clone());
        }
        let output_plugin = &settings.slot_plugin;
        let (source, target, lane) = tokio::try_join!(
            self.database("source", &plan.source, output_plugin),
            self.database("target", &plan.target, output_plugin),
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

    async fn database(
        &self,
        label: &'static str,
        plan: &DatabasePlan,
        output_plugin: &str,
    ) -> PortResult<Database> {
        let settings: ConnectionSettings = self.secrets.json(&plan.secret_id).await?;
        let database = PostgresDatabase::connect(label, settings, plan.exempt_roles.clone())
            .await?
            .with_output_plugin(output_plugin);
        Ok(Database::new(Arc::new(database)))
    }

    async fn lane(&self, plan: &Plan) -> PortResult<Arc<dyn Lane>> {
        let key: EdgeKey = self.secrets.json(&plan.edge.secret_id).await?;
        Ok(Arc::new(EdgeLane::new(&plan.edge.admin_url, &plan.lane, &key)?))
    }
}
