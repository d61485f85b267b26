//! The sessions of one side: pinned settings, bounded waits, and a new connection after a connection is lost.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use crossover_core::{catalogue::TableName, plan::Scope, ports::PortError};
use tokio::sync::Mutex;
use tokio_postgres::{
    Client, Config, NoTls, Row, config::SslMode as DriverSslMode, error::SqlState, types::Type,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    errors::Failure,
    kept::{Kept, Param, Session},
    pool::{Claim, Pool},
    reader::Readers,
    settings::{ConnectionSettings, SslMode},
    slots::OUTPUT_PLUGIN,
    tls,
};

/// Limit for a statement of the main session.
pub(crate) const STATEMENT: Duration = Duration::from_secs(30);
/// Limit for the wait for a lock by such a statement.
pub(crate) const LOCK: Duration = Duration::from_secs(2);
/// Limit for a long statement, such as hashing a large table or creating a slot.
const LONG_STATEMENT: Duration = Duration::from_hours(2);
/// Extra time for the network before a statement counts as unanswered.
const GRACE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(5);
/// Sessions for long statements and for reading rows. More sessions would slow the application down.
const LONG_SESSIONS: usize = 4;

/// Settings that decide how values are printed and names are resolved, so that both sides give the same
/// answers. Settings of the startup packet take precedence over those of the role and of the database.
pub const PINNED: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("client_min_messages", "warning"),
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read\\ committed"),
    // A catch-up marker is proof only once it is on disk.
    ("synchronous_commit", "on"),
    // A policy that would hide rows must be an error.
    ("row_security", "off"),
    ("jit", "off"),
];

/// The database of one side. Can be kept across invocations and shared by reference.
pub struct PostgresDatabase {
    what: String,
    address: String,
    config: Config,
    tls: Option<MakeRustlsConnect>,
    pub(crate) own_role: String,
    pub(crate) exempt_roles: Vec<String>,
    /// Output plugin of new slots.
    pub(crate) output_plugin: String,
    main: Kept,
    /// The session of [`Self::query_prepared`]; `None`: the main session, for a process that never pauses writers.
    pub(crate) pause: Option<Kept>,
    /// The session of [`Self::long_query`].
    long_session: Mutex<Option<Client>>,
    /// The slot that this process reads.
    pub(crate) claim: Mutex<Option<Claim>>,
    /// Sessions beside the main session.
    pub(crate) readers: Readers,
    /// Limit for a statement of these sessions.
    pub(crate) reading_limit: Duration,
    /// Limit for a statement over a whole scope; `None`: by the number of relations.
    pub(crate) catalogue_limit: Option<Duration>,
    /// The only sessions that write rows.
    pub(crate) writers: Pool,
}

impl std::fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresDatabase({})", self.what)
    }
}

impl std::fmt::Display for PostgresDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl PostgresDatabase {
    /// Connects to one side. The lock exempts `exempt_roles` and the role of `settings`.
    ///
    /// # Errors
    /// `Refused` for unsafe settings or a login that the server denies; `Unreachable` when the server does
    /// not answer.
    pub async fn connect(
        label: &'static str,
        settings: ConnectionSettings,
        exempt_roles: Vec<String>,
    ) -> Result<Self, PortError> {
        settings.check(label)?;
        let address = format!("{}:{}", settings.host, settings.port);
        let what = format!("{label} database {} at {address}", settings.dbname);
        let mut config = Config::new();
        config
            .host(&settings.host)
            .port(settings.port)
            .dbname(&settings.dbname)
            .user(&settings.username)
            .password(settings.password.expose())
            .application_name("crossover")
            .connect_timeout(CONNECT)
            .keepalives_idle(Duration::from_secs(10))
            .tcp_user_timeout(Duration::from_secs(10));
        let tls = match settings.sslmode {
            SslMode::VerifyFull => {
                config.ssl_mode(DriverSslMode::Require);
                Some(tls::connector(&what, settings.root_ca_pem.as_deref())?)
            }
            SslMode::Disable => {
                config.ssl_mode(DriverSslMode::Disable);
                None
            }
        };
        let this = Self {
            what,
            address,
            config,
            tls,
            own_role: settings.username,
            exempt_roles,
            output_plugin: OUTPUT_PLUGIN.to_owned(),
            main: Kept::new(""),
            pause: Some(Kept::new(" -c plan_cache_mode=force_generic_plan")),
            long_session: Mutex::new(None),
            claim: Mutex::new(None),
            readers: Readers::new(LONG_SESSIONS),
            reading_limit: LONG_STATEMENT,
            catalogue_limit: None,
            writers: Pool::default(),
        };
        this.kept(&this.main).await?;
        Ok(this)
    }

    /// Host and port, as the user gave them.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The name of the database in messages.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn refused(&self, reason: impl ToString) -> PortError {
        PortError::refused(&self.what, reason)
    }

    /// Runs a statement in the main session. Only for statements that may run twice: a statement is repeated
    /// once when the connection was lost, as after a freeze of the Lambda environment.
    pub(crate) async fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        self.repeatable(&self.main, |session| async move {
            session.client.query_typed(sql, params).await
        })
        .await
    }

    /// Runs a statement of the pause, like [`Self::query`], in a session that prepares it. Planning is the larger
    /// part of such a statement; with a generic plan the server plans it once, before the pause.
    pub(crate) async fn query_prepared(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Failure> {
        self.repeatable(self.pause_session(), |session| async move {
            session.query_prepared(sql, params).await
        })
        .await
    }

    fn pause_session(&self) -> &Kept {
        self.pause.as_ref().unwrap_or(&self.main)
    }

    /// Prepares statements in the session of [`Self::query_prepared`], each with the types of its parameters.
    pub(crate) async fn prepare(&self, statements: &[(&'static str, &[Type])]) -> Result<(), Failure> {
        self.repeatable(self.pause_session(), |session| async move {
            for (sql, types) in statements {
                session.prepared(sql, types).await?;
            }
            Ok(Vec::new())
        })
        .await
        .map(drop)
    }

    async fn repeatable<F>(&self, kept: &Kept, run: impl Fn(Arc<Session>) -> F) -> Result<Vec<Row>, Failure>
    where
        F: Future<Output = Result<Vec<Row>, tokio_postgres::Error>>,
    {
        let session = self.kept(kept).await?;
        match self.bounded(STATEMENT, run(Arc::clone(&session))).await {
            Err(failure) if failure.disconnected => {
                tracing::debug!(database = %self.what, "connection lost, connecting again");
                kept.forget(&session).await;
                self.bounded(STATEMENT, run(self.kept(kept).await?)).await
            }
            Err(failure) => Err(leave(kept, &session, failure).await),
            answer => answer,
        }
    }

    /// Runs statements as one transaction in one round trip. Never repeated: after a lost connection it is
    /// unknown whether the statements took effect.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        let session = self.kept(&self.main).await?;
        match self.bounded(STATEMENT, session.client.batch_execute(sql)).await {
            Err(failure) => Err(leave(&self.main, &session, failure).await),
            answer => answer,
        }
    }

    /// Runs a batch that creates missing objects. When another session creates them at the same time, the
    /// batch fails and is run a second time.
    pub(crate) async fn make_missing(&self, sql: &str) -> Result<(), Failure> {
        let made_meanwhile = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_SCHEMA,
            SqlState::DUPLICATE_TABLE,
        ];
        match self.batch(sql).await {
            Err(failure) if made_meanwhile.iter().any(|code| failure.is(code)) => self.batch(sql).await,
            done => done,
        }
    }

    /// Runs a statement that may take long and waits for locks, in a session that is kept for the next one: a
    /// process that reads a slot runs such a statement every second. Only for statements that may run twice:
    /// a statement is repeated once when the session was lost.
    pub(crate) async fn long_query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        let _place = self.long_place().await?;
        let mut kept = self.long_session.lock().await;
        if let Some(client) = kept.take().filter(|client| !client.is_closed()) {
            match self
                .bounded(LONG_STATEMENT, client.query_typed(sql, params))
                .await
            {
                Err(failure) if failure.disconnected => {}
                answer => {
                    *kept = answer.is_ok().then_some(client);
                    return answer;
                }
            }
        }
        self.readers.close_one();
        let client = self.open(LONG_STATEMENT, Duration::ZERO, "").await?;
        let answer = self
            .bounded(LONG_STATEMENT, client.query_typed(sql, params))
            .await;
        *kept = answer.is_ok().then_some(client);
        answer
    }

    /// Runs one statement in a separate session that waits for locks, for at most `limit`.
    pub(crate) async fn query_for(
        &self,
        limit: Duration,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Failure> {
        let _place = self.long_place().await?;
        self.readers.close_one();
        let client = self.open(limit, Duration::ZERO, "").await?;
        self.bounded(limit, client.query_typed(sql, params)).await
    }

    /// Runs a statement of the pause over a scope: its first three parameters are the scope, `more` follow.
    pub(crate) async fn query_scope_prepared(
        &self,
        sql: &'static str,
        scope: &Scope,
        more: &[Param<'_>],
    ) -> Result<Vec<Row>, Failure> {
        self.query_prepared(sql, &ScopeParams::new(scope).and(more)).await
    }

    async fn kept(&self, kept: &Kept) -> Result<Arc<Session>, Failure> {
        kept.or_open(self.open(STATEMENT, LOCK, kept.options)).await
    }

    /// Opens a session. `more` are further options of the startup packet; they take precedence.
    pub(crate) async fn open(
        &self,
        statement: Duration,
        lock: Duration,
        more: &str,
    ) -> Result<Client, Failure> {
        // One core for each statement, so that a comparison does not slow the application's queries down.
        let mut options = format!(
            "-c statement_timeout={} -c lock_timeout={} -c max_parallel_workers_per_gather=0",
            statement.as_millis(),
            lock.as_millis()
        );
        for (name, value) in PINNED {
            let _ = write!(options, " -c {name}={value}");
        }
        options.push_str(more);
        let mut config = self.config.clone();
        config.options(&options);
        let connecting = async {
            if let Some(tls) = &self.tls {
                let (client, connection) = config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                Ok(client)
            } else {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        };
        // Boxed, because the future of a TLS connection is large and every statement may have to connect.
        Box::pin(self.bounded(CONNECT, connecting)).await
    }

    pub(crate) async fn bounded<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let limit = limit + GRACE;
        match tokio::time::timeout(limit, work).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Failure::from_driver(&self.what, &error)),
            Err(_) => Err(Failure::no_answer(&self.what, limit)),
        }
    }
}

/// Discards the session if the server did not answer, because the statement may still be running there.
async fn leave(kept: &Kept, session: &Arc<Session>, failure: Failure) -> Failure {
    if failure.code.is_none() || failure.disconnected {
        kept.forget(session).await;
    }
    failure
}

/// A scope as the first parameters of a statement.
pub struct ScopeParams<'a> {
    schemas: &'a [String],
    excluded_schemas: Vec<String>,
    excluded_names: Vec<String>,
}

impl<'a> ScopeParams<'a> {
    pub(crate) fn new(scope: &'a Scope) -> Self {
        let excluded = scope
            .exclude
            .iter()
            .filter_map(|excluded| TableName::read(excluded));
        let (excluded_schemas, excluded_names) = excluded.map(|table| (table.schema, table.name)).unzip();
        Self {
            schemas: &scope.schemas,
            excluded_schemas,
            excluded_names,
        }
    }

    pub(crate) fn and<'b>(&'b self, more: &[Param<'b>]) -> Vec<Param<'b>> {
        let mut params: Vec<Param<'b>> = vec![
            (&self.schemas, Type::TEXT_ARRAY),
            (&self.excluded_schemas, Type::TEXT_ARRAY),
            (&self.excluded_names, Type::TEXT_ARRAY),
        ];
        params.extend(more.iter().cloned());
        params
    }
}
