//! Two databases for one test, and their comparison.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use crossover_core::{Millis, Secret, UnixMillis, plan::Scope, ports::Clock, routing::Side, rows::Shown};
use crossover_postgres::{ConnectionSettings, PostgresDatabase, SslMode};
use crossover_stand::postgres::{Access, Database, Major, TestServer};
use crossover_verify::{
    RowsReport, Sides, Silent, VerifyError, VerifyOptions, compare_rows,
    rows::{Kind, TableResult},
};

pub struct Pair {
    pub source: Database,
    pub target: Database,
}

/// A condition that is not true after this time is a failure.
pub const LIMIT: Duration = Duration::from_mins(1);

/// The clock of these tests.
pub struct TestClock;

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        static SINCE: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        UnixMillis::after_1970(SINCE.get_or_init(Instant::now).elapsed())
    }
    async fn sleep(&self, length: Millis) {
        tokio::time::sleep(length.into()).await;
    }
}

/// Both sides of databases in which no session writes meanwhile.
pub fn still<'a>(source: &'a PostgresDatabase, target: &'a PostgresDatabase) -> Sides<'a> {
    Sides {
        source,
        target,
        writer: Side::Source,
        catch_up: None,
        clock: &TestClock,
    }
}

async fn execute(database: &Database, sql: &str) {
    database
        .connect()
        .await
        .unwrap()
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{e:?} in {sql}"));
}

/// Whether the query returns true.
pub async fn is_true(database: &Database, sql: &str) -> bool {
    let client = database.connect().await.unwrap();
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Waits until the query returns true.
pub async fn until(database: &Database, sql: &str) {
    let began = Instant::now();
    while !is_true(database, sql).await {
        assert!(began.elapsed() < LIMIT, "never came true: {sql}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs work in a separate runtime.
pub fn block_on(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work);
}

/// The same on a separate thread, and waits for its end: for callers within a runtime, which blocks
/// meanwhile.
pub fn apart(work: impl AsyncFn() + Sync) {
    std::thread::scope(|scope| {
        scope.spawn(|| block_on(work()));
    });
}

/// A connection of Crossover to a database, as the superuser.
pub async fn crossover(label: &'static str, database: &Database) -> PostgresDatabase {
    as_role(label, database, "postgres", database.access().password()).await
}

/// The same as another role.
pub async fn as_role(
    label: &'static str,
    database: &Database,
    role: &str,
    password: &str,
) -> PostgresDatabase {
    open(label, database.access(), database.name(), role, password).await
}

/// A connection of the superuser to a database, by its name.
pub async fn database(label: &'static str, access: &Access, name: &str) -> PostgresDatabase {
    open(label, access, name, "postgres", access.password()).await
}

async fn open(
    label: &'static str,
    access: &Access,
    name: &str,
    role: &str,
    password: &str,
) -> PostgresDatabase {
    let settings = ConnectionSettings {
        host: "127.0.0.1".into(),
        port: access.port(),
        dbname: name.into(),
        username: role.into(),
        password: Secret::new(password.into()),
        sslmode: SslMode::Disable,
        root_ca_pem: None,
    };
    PostgresDatabase::connect(label, settings, Vec::new())
        .await
        .unwrap()
}

impl Pair {
    pub async fn new() -> Self {
        Self::on(Major::V16, Major::V17).await
    }

    pub async fn on(source: Major, target: Major) -> Self {
        let fresh = async |major| {
            TestServer::shared(major)
                .await
                .unwrap()
                .fresh_database()
                .await
                .unwrap()
        };
        Self {
            source: fresh(source).await,
            target: fresh(target).await,
        }
    }

    pub async fn source(&self, sql: &str) {
        execute(&self.source, sql).await;
    }

    pub async fn target(&self, sql: &str) {
        execute(&self.target, sql).await;
    }

    pub async fn both(&self, sql: &str) {
        tokio::join!(self.source(sql), self.target(sql));
    }

    pub async fn try_compare(&self, options: &VerifyOptions) -> Result<RowsReport, VerifyError> {
        let source = crossover("source", &self.source).await;
        let target = crossover("target", &self.target).await;
        let sides = still(&source, &target);
        compare_rows(&sides, &Scope::default(), options, &Silent).await
    }

    pub async fn compare(&self, options: &VerifyOptions) -> RowsReport {
        let report = self.try_compare(options).await.unwrap();
        assert!(report.could_not_run.is_empty(), "{:?}", report.could_not_run);
        report
    }

    /// The result for the only table.
    pub async fn table(&self, options: &VerifyOptions) -> TableResult {
        let mut report = self.compare(options).await;
        assert_eq!(report.tables.len(), 1, "{:?}", report.tables);
        report.tables.remove(0)
    }
}

/// Differences as short texts: key values, kind, columns.
pub fn named(table: &TableResult) -> Vec<String> {
    let mut all: Vec<String> = table
        .differences
        .iter()
        .map(|d| {
            let key: Vec<&str> = d
                .key
                .values()
                .map(|v| v.as_ref().map_or("NULL", Shown::text))
                .collect();
            let kind = match d.kind {
                Kind::MissingOnTarget => "missing",
                Kind::ExtraOnTarget => "extra",
                Kind::Different => "different",
            };
            let times = if d.count > 1 {
                format!(" x{}", d.count)
            } else {
                String::new()
            };
            format!("{} {kind}{times} {}", key.join(","), d.columns.join(","))
                .trim_end()
                .to_owned()
        })
        .collect();
    all.sort();
    all
}
