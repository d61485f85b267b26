//! The environment of a rehearsal, started and connected: the two databases, the change stream between them,
//! the local AWS with the functions and state machines, two instances of the sample API, and the Worker in
//! front of them.

mod busy;
mod cloud;
mod databases;
mod edge;
mod replication;
mod scope;
mod streams;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crossover_core::{
    Plan,
    plan::{DatabasePlan, EdgePlan, EngineName, Limits, OnStragglers, ReplicationPlan, Scope},
    ports::Catalogue,
    routing::HeldWrites,
};
use crossover_stand::{MiniStack, Parts, Progress, StandError, TestEnvironment, progress::step};
use serde_json::json;

use cloud::Ingredients;
pub use cloud::{Cloud, find_terraform};
use databases::Filled;
pub use databases::{Database, Databases};
pub use edge::Edge;
pub use replication::INSTANCE_ID;
use scope::Tables;
pub use streams::Streams;

use crate::{
    api::SampleApi,
    dms::DmsStandIn,
    error::{RehearsalError, Result},
    options::RehearsalOptions,
    shop::{Generated, Mode},
    workshop::Products,
};

/// Database sessions of each sample API: a few are busy at 200 writes per second, and every additional one
/// has to log in again right after the release on a few cores, so twice that number is sufficient.
const POOL: usize = 4;

/// The lane that is cut over.
pub const LANE: &str = "main";

/// A running environment. Fields are dropped in order: clients before servers.
pub struct Environment {
    pub edge: Edge,
    pub source_api: SampleApi,
    pub target_api: SampleApi,
    pub cloud: Cloud,
    pub dms: DmsStandIn,
    pub databases: Databases,
    pub generated: Option<Generated>,
    pub mode: Mode,
    pub tables: Tables,
    /// Which writes a cutover holds.
    pub hold: HeldWrites,
    /// Features that the servers lack and that were left out of the dump, as sentences.
    pub left_out: Vec<String>,
    stand: TestEnvironment,
}

impl Environment {
    /// Starts everything and fills the databases; the forward stream is running when this returns.
    pub async fn set(
        options: &RehearsalOptions,
        parts: &Parts,
        products: &Products,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let mode = if options.dumps.is_empty() {
            Mode::Shop
        } else {
            Mode::LedgerOnly
        };
        let work = fresh_dir(&options.out.join("work"))?;

        let starting = step(progress, "start PostgreSQL 16 and 17, and the local AWS");
        let (source_server, target_server, ministack) = tokio::try_join!(
            databases::start(parts, databases::SOURCE, &work),
            databases::start(parts, databases::TARGET, &work),
            async {
                Ok(MiniStack::start(parts, &made(&work.join("aws"))?, crossover_stand::Port::Free).await?)
            },
        )?;
        let mut stand = TestEnvironment::new();
        let (source, target, aws) = (
            stand.own(source_server),
            stand.own(target_server),
            stand.own(ministack),
        );
        starting.done();

        let Filled {
            databases,
            generated,
            left_out,
        } = databases::fill(source, target, options, mode, progress).await?;
        let all = databases
            .source
            .product()
            .await?
            .tables(&Scope::default())
            .await?;
        let tables = Tables::of(&all, &options.exclude)?;
        let dms = DmsStandIn::start(&aws)
            .await
            .map_err(RehearsalError::file("the DMS stand-in"))?;

        let starting = step(progress, "start the sample API twice and the Worker");
        let source_api = SampleApi::start(&databases.source.app_url(), mode, POOL).await?;
        let target_api = SampleApi::start(&databases.target.app_url(), mode, POOL).await?;
        let (edge, workerd) = edge::start(
            parts,
            products,
            &source_api.base_url(),
            &target_api.base_url(),
            options.edge_port,
            &made(&work.join("edge"))?,
        )
        .await?;
        stand.own(workerd);
        starting.done();

        let ingredients = Ingredients {
            dms: &dms,
            databases: &databases,
            edge: &edge,
            carried: &tables.carried,
            products,
            options,
            work: &work,
            progress,
        };
        let cloud = Cloud::deploy(aws, &ingredients).await?;

        replication::start_and_load(&dms, &Streams::default().forward(), progress)
            .await
            .map_err(|error| error.with_log(&work))?;
        Ok(Self {
            edge,
            source_api,
            target_api,
            cloud,
            dms,
            databases,
            generated,
            mode,
            tables,
            hold: options.hold,
            left_out,
            stand,
        })
    }

    /// The plan of the first run.
    pub fn plan(&self, run_id: &str, dry_run: bool) -> Plan {
        self.plan_over(run_id, dry_run, Streams::default())
    }

    /// The plan of one run.
    pub fn plan_over(&self, run_id: &str, dry_run: bool, streams: Streams) -> Plan {
        Plan {
            migration_id: streams.migration_id(),
            run_id: run_id.to_owned(),
            lane: LANE.to_owned(),
            dry_run,
            source: database_plan(cloud::secret_id("source")),
            target: database_plan(cloud::secret_id("target")),
            replication: self.replication_plan(streams),
            edge: EdgePlan {
                admin_url: self.edge.url.clone(),
                secret_id: cloud::secret_id("edge"),
            },
            scope: self.tables.scope.clone(),
            on_stragglers: OnStragglers::default(),
            hold: self.hold,
            approval: None,
            // Nobody waits two days for the end of a rehearsal.
            rollback_window_h: 0,
            limits: Limits::default(),
        }
    }

    /// The instance and the endpoints that were created, and the tasks of these streams.
    fn replication_plan(&self, streams: Streams) -> ReplicationPlan {
        let mut settings = self.cloud.replication.clone();
        settings.remove("engine");
        for (name, value) in [
            ("forward_task", json!(streams.forward())),
            ("reverse_task", json!(streams.reverse())),
            ("post_rollback_task", json!(streams.post_rollback())),
            // PostgreSQL's own logical replication carries the changes here.
            ("slot_plugin", json!("pgoutput")),
            ("lag_period_s", json!(1)),
        ] {
            settings.insert(name.to_owned(), value);
        }
        ReplicationPlan {
            engine: EngineName::new("dms"),
            settings: settings.into_iter().collect(),
        }
    }

    /// Starts endless loops, which end with the environment.
    pub fn keep_busy(&mut self, loops: u32, work: &Path) -> Result<()> {
        for part in busy::start(loops, work)? {
            self.stand.own_process(part);
        }
        Ok(())
    }

    /// Stops everything in order: traffic first, databases last.
    pub async fn shutdown(self) -> Result<()> {
        self.source_api.stop().await;
        self.target_api.stop().await;
        drop(self.dms);
        drop(self.databases);
        Ok(self.stand.stop().await?)
    }

    /// The cause of a failure: a component that has ended unexpectedly is a better explanation than the
    /// component that missed it.
    pub fn reason(&mut self, error: RehearsalError) -> RehearsalError {
        self.ended_early().map_or(error, Into::into)
    }

    /// The first component that has ended unexpectedly.
    pub fn ended_early(&mut self) -> Option<StandError> {
        self.stand.exited().ok().flatten()
    }
}

fn database_plan(secret_id: String) -> DatabasePlan {
    DatabasePlan {
        engine: EngineName::new(crossover_postgres::ENGINE),
        secret_id,
        exempt_roles: vec![databases::DMS_ROLE.to_owned()],
        // All servers share this machine's CPU with the load; `--busy` takes it on purpose.
        monitored_as: None,
    }
}

/// A folder that is there.
fn made(dir: &Path) -> Result<PathBuf> {
    fs::create_dir_all(dir).map_err(RehearsalError::file(dir))?;
    Ok(dir.to_owned())
}

/// Creates an empty folder, and removes what an earlier run left.
fn fresh_dir(dir: &Path) -> Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(RehearsalError::file(dir))?;
    }
    made(dir)
}
