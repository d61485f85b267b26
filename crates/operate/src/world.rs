//! The clients of everything that `crossover.toml` names.

use aws_config::{Region, SdkConfig};
use aws_sdk_sfn::config::{Credentials, SharedCredentialsProvider};
use crossover_aws::{Dms, DmsSettings, DynamoJournal, EdgeKey, Secrets};
use crossover_clock::SystemClock;
use crossover_core::{
    Direction, Stream,
    ports::{Clock as _, PortError, PortResult, Replication, StreamHealth, StreamState},
};
use crossover_edge_admin::{AdminKey, EdgeAdmin};

use serde::Serialize;

use crate::{
    config::{AwsSettings, Migration},
    error::{OperateError, Result},
    history::stages,
    machines::Machines,
    standing::{Facts, RunUnderWay, Standing, stream_back},
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

/// A migration and its clients.
#[derive(Debug, Clone)]
pub struct World {
    pub migration: Migration,
    pub runs: Runs,
    secrets: Secrets,
    dms: Dms,
}

impl World {
    pub async fn of(migration: Migration) -> Result<Self> {
        let aws = &migration.aws;
        let config = configuration(aws, aws.endpoint_url.as_deref()).await;
        let for_dms = aws.dms_endpoint_url.as_deref().or(aws.endpoint_url.as_deref());
        let settings = DmsSettings::read(&migration.template().replication)
            .map_err(|faults| PortError::refused("replication", faults.join("; ")))?;
        Ok(Self {
            runs: Runs::new(&config, &aws.journal_table),
            secrets: Secrets::new(&config),
            dms: Dms::new(&configuration(aws, for_dms).await, settings),
            migration,
        })
    }

    /// The lane of the migration.
    pub async fn lane(&self) -> Result<EdgeAdmin> {
        let plan = self.migration.template();
        let key: EdgeKey = self.secrets.json(&plan.edge.secret_id).await?;
        let secret = AdminKey::from_hex(key.key.expose())
            .map_err(|e| PortError::refused(format!("secret {}", plan.edge.secret_id), e))?;
        Ok(EdgeAdmin::new(
            &plan.edge.admin_url,
            &plan.lane,
            &key.key_id,
            secret,
        )?)
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
                }));
            }
        }
        Ok(None)
    }

    /// Where the lane stands now.
    pub async fn standing(&self) -> Result<Standing> {
        let lane = async { Ok(self.lane().await?.read().await?) };
        let (lane, under_way) = futures::try_join!(lane, self.under_way())?;
        let way_back = match stream_back(lane.writer) {
            None => None,
            Some(stream) => Some((self.dms.name(stream), self.dms.health(stream).await?)),
        };
        Ok(Standing::of(Facts {
            migration_id: &self.migration.template().migration_id,
            lane: &lane,
            under_way,
            way_back,
            now: SystemClock.now(),
        }))
    }

    /// Reads everything that the file names; nothing is changed.
    pub async fn look(&self) -> Vec<Sight> {
        let plan = self.migration.template();
        let machines = &self.runs.machines;
        let forward = async {
            let name = self.stream_name(Stream::Forward);
            match self.stream(Stream::Forward).await? {
                None => Err(PortError::missing(name).into()),
                Some(health) if health.state != StreamState::Running => Err(OperateError::NothingToDo(
                    format!("{name} is {health}, not running"),
                )),
                Some(_) => Ok(()),
            }
        };
        let lane = async {
            let record = self.lane().await?.read().await?;
            if record.lane == plan.lane {
                Ok(())
            } else {
                Err(OperateError::NothingToDo(format!(
                    "the edge answers for lane {}",
                    record.lane
                )))
            }
        };
        let looks = futures::join!(
            async {
                machines
                    .exists(self.migration.machine(Direction::Forward))
                    .await
                    .map_err(Into::into)
            },
            async {
                machines
                    .exists(self.migration.machine(Direction::Reverse))
                    .await
                    .map_err(Into::into)
            },
            async {
                self.runs
                    .journal
                    .lines("crossover-plan")
                    .await
                    .map(drop)
                    .map_err(Into::into)
            },
            async {
                self.secrets
                    .exists(&plan.source.secret_id)
                    .await
                    .map_err(Into::into)
            },
            async {
                self.secrets
                    .exists(&plan.target.secret_id)
                    .await
                    .map_err(Into::into)
            },
            forward,
            lane,
        );
        let sight = |what, name: &str, look: Result<()>| Sight {
            what,
            name: name.to_owned(),
            fault: look.err().map(|error| error.to_string()),
        };
        vec![
            sight(
                "state machine of the cutover",
                &self.migration.aws.cutover,
                looks.0,
            ),
            sight(
                "state machine of the rollback",
                &self.migration.aws.rollback,
                looks.1,
            ),
            sight("journal", &self.migration.aws.journal_table, looks.2),
            sight("secret of the source", &plan.source.secret_id, looks.3),
            sight("secret of the target", &plan.target.secret_id, looks.4),
            sight("forward replication", &self.stream_name(Stream::Forward), looks.5),
            sight("lane at the edge, with its secret", &plan.lane, looks.6),
        ]
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

/// One thing that the file names, looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sight {
    pub what: &'static str,
    pub name: String,
    /// Why it cannot be used.
    pub fault: Option<String>,
}

/// The SDK's configuration of a migration. At an address of this machine, where a rehearsal runs, the
/// credentials of the environment are not used: they are not for whatever answers there.
pub async fn configuration(aws: &AwsSettings, endpoint: Option<&str>) -> SdkConfig {
    let mut config = crossover_aws::load().await.into_builder();
    if let Some(region) = &aws.region {
        config = config.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = endpoint {
        let credentials = Credentials::new("test", "test", None, None, "rehearsal");
        config = config
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials));
    }
    config.build()
}
