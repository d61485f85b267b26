//! A session that is kept from one statement to the next.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
};

use tokio::sync::Mutex;
use tokio_postgres::{
    Client, Error, Row, Statement,
    types::{ToSql, Type},
};

/// A bound value and its type. The explicit type saves the round trip of a PREPARE.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// The place of one session, which is opened when it is first needed, and again after it was lost.
pub struct Kept {
    /// Further options of the startup packet.
    pub(crate) options: &'static str,
    session: Mutex<Option<Arc<Session>>>,
}

impl Kept {
    pub(crate) fn new(options: &'static str) -> Self {
        Self {
            options,
            session: Mutex::new(None),
        }
    }

    /// The session, opened by `open` if there is none.
    pub(crate) async fn or_open<E>(
        &self,
        open: impl Future<Output = Result<Client, E>>,
    ) -> Result<Arc<Session>, E> {
        let mut kept = self.session.lock().await;
        if let Some(session) = kept.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session {
            client: open.await?,
            prepared: StdMutex::default(),
        });
        *kept = Some(Arc::clone(&session));
        Ok(session)
    }

    pub(crate) async fn forget(&self, gone: &Arc<Session>) {
        let mut kept = self.session.lock().await;
        if kept.as_ref().is_some_and(|session| Arc::ptr_eq(session, gone)) {
            *kept = None;
        }
    }
}

/// An open session, with the statements that the server has prepared for it.
pub struct Session {
    pub(crate) client: Client,
    prepared: StdMutex<HashMap<&'static str, Statement>>,
}

impl Session {
    /// Runs a statement that the server parses at its first use in this session. Its text is fixed, so that
    /// the number of prepared statements is bounded.
    pub(crate) async fn query_prepared(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Error> {
        let types: Vec<Type> = params.iter().map(|(_, of)| of.clone()).collect();
        let statement = self.prepared(sql, &types).await?;
        let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|(value, _)| *value).collect();
        self.client.query(&statement, &values).await
    }

    /// A statement as the server has prepared it in this session.
    pub(crate) async fn prepared(&self, sql: &'static str, types: &[Type]) -> Result<Statement, Error> {
        let known = self.known().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare_typed(sql, types).await?;
        self.known().insert(sql, statement.clone());
        Ok(statement)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<&'static str, Statement>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
