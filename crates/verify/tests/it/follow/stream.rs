//! Two databases with PostgreSQL's logical replication between them, and a follower of both.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    plan::Scope,
    ports::{CatchUpMarkers, Changes},
    routing::Side,
};
use crossover_postgres::{ConnectionSettings, PostgresDatabase};
use crossover_stand::postgres::{Database, Major, TestServer};
use crossover_verify::{
    EventSink, FollowContext, FollowError, FollowEvent, FollowOptions, Follower, Sides, Silent,
    VerifyOptions,
    follow::{CheckpointFile, MarkerCatchUp, NoPause, Pause},
    rows::{CatchUp, Governor, RowsOptions},
};
use tokio_postgres::Client;

/// No wait of these tests takes that long.
const DEADLINE: Duration = Duration::from_mins(2);

/// All events that were emitted.
#[derive(Default)]
pub struct RecordedEvents(Mutex<Vec<FollowEvent>>);

impl EventSink for RecordedEvents {
    fn emit(&self, event: &FollowEvent) {
        self.all().push(event.clone());
    }
}

impl RecordedEvents {
    pub fn all(&self) -> MutexGuard<'_, Vec<FollowEvent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows that were reported, as `table key`.
    pub fn different(&self) -> Vec<String> {
        self.all()
            .iter()
            .filter_map(|event| match event {
                FollowEvent::Different {
                    table, difference, ..
                } => {
                    let key: Vec<&str> = difference
                        .key
                        .values()
                        .flatten()
                        .map(crossover_core::rows::Shown::text)
                        .collect();
                    Some(format!("{table} {}", key.join(",")))
                }
                _ => None,
            })
            .collect()
    }

    pub fn withdrawn(&self) -> bool {
        self.all()
            .iter()
            .any(|event| matches!(event, FollowEvent::Withdrawn { .. }))
    }

    pub fn compared(&self) -> usize {
        let all = self.all();
        all.iter()
            .filter(|event| matches!(event, FollowEvent::Compared { .. }))
            .count()
    }

    pub fn starts_over(&self) -> Vec<String> {
        let reasons = |event: &FollowEvent| match event {
            FollowEvent::StartsOver { reason } => Some(reason.clone()),
            _ => None,
        };
        self.all().iter().filter_map(reasons).collect()
    }
}

/// Two databases, the second one replicated from the first.
pub struct Stream {
    pub source: Client,
    pub target: Client,
    subscription: String,
    databases: [PostgresDatabase; 2],
    identities: [String; 2],
    pub options: FollowOptions,
    pub verify: VerifyOptions,
    scope: Scope,
    governor: Governor,
    pub pause: Box<dyn Pause>,
}

async fn crossover(label: &'static str, database: &Database) -> PostgresDatabase {
    let settings = ConnectionSettings::from_url(label, &database.url(), None).unwrap();
    PostgresDatabase::connect(label, settings, Vec::new())
        .await
        .unwrap()
}

impl Stream {
    /// Runs `schema` on both sides and `rows` on the source, and waits until the target has them.
    pub async fn of(schema: &str, rows: &str) -> Self {
        Self::publishing(schema, rows, "insert, update, delete, truncate").await
    }

    pub async fn publishing(schema: &str, rows: &str, publish: &str) -> Self {
        let fresh = async |major| {
            let server = TestServer::shared(major).await.unwrap();
            server.fresh_database().await.unwrap()
        };
        let (from, to) = (fresh(Major::V16).await, fresh(Major::V17).await);
        let databases = [crossover("source", &from).await, crossover("target", &to).await];
        let (source, target) = (from.connect().await.unwrap(), to.connect().await.unwrap());
        for (database, client) in databases.iter().zip([&source, &target]) {
            database.prepare_marker().await.unwrap();
            client.batch_execute(schema).await.unwrap();
        }
        source.batch_execute(rows).await.unwrap();
        let subscription = format!("s_{}", from.name());
        source
            .batch_execute(&format!(
                "create publication p for all tables with (publish = '{publish}')"
            ))
            .await
            .unwrap();
        target
            .batch_execute(&format!(
                "create subscription {subscription} connection '{}' publication p",
                from.url()
            ))
            .await
            .unwrap();
        let identities = [
            databases[0].identity().await.unwrap(),
            databases[1].identity().await.unwrap(),
        ];
        let this = Self {
            source,
            target,
            subscription,
            databases,
            identities,
            options: FollowOptions {
                every_ms: Millis(20),
                ..FollowOptions::default()
            },
            verify: VerifyOptions {
                rows: RowsOptions::default(),
                ..VerifyOptions::default()
            },
            scope: Scope::default(),
            governor: Governor::new(None),
            pause: Box::new(NoPause),
        };
        this.until(async || {
            let sql = "select count(*) filter (where srsubstate <> 'r') = 0 and count(*) > 0 from pg_subscription_rel";
            this.target.query_one(sql, &[]).await.unwrap().get(0)
        })
        .await;
        this
    }

    pub async fn on_source(&self, sql: &str) {
        let done = self.source.batch_execute(sql).await;
        done.unwrap_or_else(|e| panic!("{e:?} in {sql}"));
    }

    pub async fn on_target(&self, sql: &str) {
        let done = self.target.batch_execute(sql).await;
        done.unwrap_or_else(|e| panic!("{e:?} in {sql}"));
    }

    /// Changes rows on the target as they arrive, which causes the drift.
    pub async fn spoil(&self, event: &str, condition: &str, assignment: &str) {
        self.on_target(&format!(
            "create or replace function public.spoil() returns trigger language plpgsql as $$ begin {assignment}; return new; end $$;
             create trigger spoil before {event} on public.t for each row when ({condition}) execute function public.spoil();
             alter table public.t enable always trigger spoil"
        ))
        .await;
    }

    /// Adds tables created since to the subscription, without their present rows.
    pub async fn refresh(&self) {
        self.on_target(&format!(
            "alter subscription {} refresh publication with (copy_data = false)",
            self.subscription
        ))
        .await;
        self.until(async || {
            let sql = "select count(*) filter (where srsubstate <> 'r') = 0 from pg_subscription_rel";
            self.target.query_one(sql, &[]).await.unwrap().get(0)
        })
        .await;
    }

    /// Ends every session of Crossover on both sides.
    pub async fn end_sessions(&self) {
        let sql = "select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = current_database() and application_name like 'crossover%' and pid <> pg_backend_pid()";
        for client in [&self.source, &self.target] {
            client.execute(sql, &[]).await.unwrap();
        }
    }

    async fn until(&self, condition: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !condition().await {
            assert!(began.elapsed() < DEADLINE, "the condition was not met");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn marker(&self) -> MarkerCatchUp<'_> {
        MarkerCatchUp {
            writer: &self.databases[0],
            follower: &self.databases[1],
            clock: &SystemClock,
            run: "verify-test".into(),
            limit: DEADLINE.into(),
        }
    }

    /// Whether the target has received everything.
    pub async fn caught_up(&self) {
        self.marker().wait_for_catchup().await.unwrap();
    }

    pub async fn begin<'a>(
        &'a self,
        catch_up: &'a dyn CatchUp,
        events: &'a RecordedEvents,
        file: Option<CheckpointFile>,
    ) -> Result<Follower<'a>, FollowError> {
        let [source, target] = &self.databases;
        let ctx = FollowContext {
            sides: Sides {
                source,
                target,
                writer: Side::Source,
                catch_up: None,
                clock: &SystemClock,
            },
            changes: source,
            retained: source,
            positions: source,
            catch_up,
            identities: (&self.identities[0], &self.identities[1]),
            scope: &self.scope,
            verify: &self.verify,
            options: &self.options,
            governor: &self.governor,
            pause: self.pause.as_ref(),
            watch: &Silent,
            listener: events,
        };
        Follower::begin(ctx, file).await
    }

    /// Whether the slot exists.
    pub async fn has_slot(&self, slot: &str) -> bool {
        let sql = "select exists (select from pg_replication_slots where slot_name = $1::text)";
        self.source.query_one(sql, &[&slot]).await.unwrap().get(0)
    }

    pub async fn end(&self) {
        self.on_target(&format!("drop subscription {}", self.subscription))
            .await;
    }
}

/// Follows until the condition is true.
pub async fn follow_until<'a>(follower: &mut Follower<'a>, condition: impl Fn(&Follower<'a>) -> bool) {
    let began = Instant::now();
    while !condition(follower) {
        assert!(began.elapsed() < DEADLINE, "the condition was not met");
        follower.tick().await.unwrap();
    }
}
