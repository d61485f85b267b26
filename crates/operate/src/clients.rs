//! The clients of everything that `crossover.toml` names.

use aws_config::SdkConfig;
use crossover_aws::{Dms, DmsSettings, DynamoJournal, EdgeKey, Secrets, port_error};
use crossover_clock::SystemClock;
use crossover_core::{
    Direction, Stream,
    plan::DatabasePlan,
    ports::{Clock as _, PortError, PortResult, Replication, StreamHealth},
    routing::Side,
};
use crossover_edge_admin::EdgeAdmin;
use serde::de::DeserializeOwned;

use crate::{
    config::{self, Migration},
    error::Result,
    history::stages,
    kind::COMPLETE,
    machines::Machines,
    sdk::configuration,
    status::{Facts, LaneStatus, RunUnderWay, reverse_stream},
};

/// What a run is followed with.
#[derive(Debug, Clone)]
pub struct Runs {
    pub machines: Machines,
    pub journal: DynamoJournal,
}

impl Runs {
    pub fn new(config: &SdkConfig, journal_table: &str) -> Self {
        Self {
            machines: Machines::new(config),
            journal: DynamoJournal::new(config, journal_table.to_owned(), None),
        }
    }
}

/// A migration and the clients of everything that its file names.
#[derive(Debug, Clone)]
pub struct Clients {
    pub migration: Migration,
    pub runs: Runs,
    pub(crate) secrets: Secrets,
    dms: Dms,
    identity: aws_sdk_sts::Client,
}

impl Clients {
    pub async fn of(migration: Migration) -> Result<Self> {
        let aws = &migration.aws;
        let sdk = configuration(aws, aws.endpoint_url.as_deref()).await;
        let for_dms = aws.dms_endpoint_url.as_deref().or(aws.endpoint_url.as_deref());
        let settings = DmsSettings::read(&migration.template().replication)
            .map_err(|faults| PortError::refused("replication", faults.join("; ")))?;
        Ok(Self {
            runs: Runs::new(&sdk, &aws.journal_table),
            secrets: Secrets::new(&sdk),
            identity: aws_sdk_sts::Client::new(&sdk),
            dms: Dms::new(&configuration(aws, for_dms).await, settings),
            migration,
        })
    }

    /// The lane of the migration.
    pub async fn lane(&self) -> Result<EdgeAdmin> {
        let plan = self.migration.template();
        let key: EdgeKey = self.secrets.json(&plan.edge.secret_id).await?;
        let (url, lane) = (&plan.edge.admin_url, &plan.lane);
        Ok(EdgeAdmin::with_hex_key(url, lane, &key.key_id, key.key.expose())?)
    }

    /// Who calls AWS, as an ARN.
    pub async fn caller(&self) -> PortResult<String> {
        let what = "the identity of the caller";
        let identity = self.identity.get_caller_identity().send().await;
        let arn = identity.map_err(|e| port_error(what, &e))?.arn;
        arn.ok_or_else(|| PortError::unexpected(what, "the answer has no ARN"))
    }

    /// The settings of a connection to one side's database, in the form that its engine's adapter reads.
    pub async fn database<T: DeserializeOwned>(&self, side: Side) -> PortResult<T> {
        self.secrets.json(&self.side(side).secret_id).await
    }

    /// One side's database, as the file describes it.
    pub fn side(&self, side: Side) -> &DatabasePlan {
        let plan = self.migration.template();
        match side {
            Side::Source => &plan.source,
            Side::Target => &plan.target,
        }
    }

    /// The run of this lane whose execution has not ended.
    pub async fn under_way(&self) -> Result<Option<RunUnderWay>> {
        let lane = &self.migration.template().lane;
        for direction in [Direction::Forward, Direction::Reverse] {
            let machine = self.migration.machine(direction);
            for execution in self.runs.machines.running(machine).await? {
                let Some(seen) = self.runs.machines.describe(&execution).await? else {
                    continue;
                };
                let plan = &seen.input["plan"];
                if !seen.running || plan["lane"].as_str() != Some(lane) {
                    continue;
                }
                let states = stages(&self.runs.machines.history(&execution).await?);
                return Ok(Some(RunUnderWay {
                    run_id: plan["run_id"].as_str().unwrap_or_default().to_owned(),
                    state: states
                        .into_iter()
                        .rfind(|state| state.running)
                        .map(|state| state.name),
                    execution,
                    direction,
                    completes: seen.input.get(COMPLETE).is_some(),
                }));
            }
        }
        Ok(None)
    }

    /// The status of the lane now.
    pub async fn status(&self) -> Result<LaneStatus> {
        let lane = async { Ok(self.lane().await?.read().await?) };
        let (lane, under_way) = futures::try_join!(lane, self.under_way())?;
        let left = if lane.completed {
            self.streams_left().await?
        } else {
            Vec::new()
        };
        let reverse_replication = match reverse_stream(lane.writer).filter(|_| !lane.completed) {
            None => None,
            Some(stream) => Some((self.dms.name(stream), self.dms.health(stream).await?)),
        };
        Ok(LaneStatus::of(Facts {
            migration_id: &self.migration.template().migration_id,
            lane: &lane,
            under_way,
            reverse_replication,
            left,
            config: &config::option(&self.migration.path),
            now: SystemClock.now(),
        }))
    }

    /// The streams of the migration that exist, in words.
    pub async fn streams_left(&self) -> Result<Vec<String>> {
        let mut left = Vec::new();
        for stream in Stream::ALL {
            if let Some(health) = self.dms.health(stream).await? {
                left.push(format!("{} is {health}", self.dms.name(stream)));
            }
        }
        Ok(left)
    }

    /// The state of a stream; `None` if it does not exist.
    pub async fn stream(&self, stream: Stream) -> PortResult<Option<StreamHealth>> {
        self.dms.health(stream).await
    }

    /// The name of a stream, for people.
    pub fn stream_name(&self, stream: Stream) -> String {
        self.dms.name(stream)
    }
}
