//! The sessions beside the main session: how many may be open at the same time, and which of them are free.
//!
//! Each takes a place, also the one that keeps a snapshot and the one that reads the catalogue, and a free session is
//! used before another is opened. So a server never has more sessions of this process than there are places, the main
//! session aside.

use std::{ops::Deref, sync::Arc, time::Duration};

use crossover_core::ports::PortError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Client;

use crate::{PostgresDatabase, errors::Failure, pool::Pool};

const READ_ONLY: &str = " -c default_transaction_read_only=on -c idle_in_transaction_session_timeout=0";

/// Since version 14 a server can detect during a statement that the client has disconnected.
const DETECT_DISCONNECT: &str =
    "select set_config(name, '1s', false) from pg_settings where name = 'client_connection_check_interval'";

/// Ends a transaction and takes back the settings that a reader may get. Outside a transaction the first is a warning.
const TIDY: &str = "rollback; reset statement_timeout; reset lock_timeout; reset enable_nestloop";
const TIDY_LIMIT: Duration = Duration::from_secs(5);

/// Places for sessions, and free sessions.
pub struct Readers {
    places: Arc<Semaphore>,
    free: Arc<Pool>,
}

impl Readers {
    /// A snapshot keeps a place for as long as it is read, so there are at least two.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.max(2))),
            free: Arc::default(),
        }
    }

    /// Closes a free session, before a session of another kind is opened.
    pub(crate) fn close_one(&self) {
        drop(self.free.take());
    }
}

/// A read-only session and its place. A session that is dropped is closed, because nobody knows what runs in it.
pub struct Reader {
    client: Option<Client>,
    place: Option<OwnedSemaphorePermit>,
    free: Arc<Pool>,
}

impl Deref for Reader {
    type Target = Client;

    #[allow(
        clippy::expect_used,
        reason = "only the methods that consume the reader take it"
    )]
    fn deref(&self) -> &Client {
        self.client
            .as_ref()
            .expect("a reader has its session until it is given up")
    }
}

impl Reader {
    /// For a session without a transaction, in its first settings.
    pub(crate) fn give_back(mut self) {
        if let Some(client) = self.client.take() {
            self.free.give_back(client);
        }
    }

    /// For a session in which no statement runs, but that may have a transaction or other settings. Its place stays
    /// taken until it has neither.
    pub(crate) fn tidy_up(mut self) {
        let (Some(client), Ok(runtime)) = (self.client.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        runtime.spawn(async move {
            let tidied = tokio::time::timeout(TIDY_LIMIT, client.batch_execute(TIDY)).await;
            if matches!(tidied, Ok(Ok(()))) {
                self.free.give_back(client);
            }
            drop(self.place.take());
        });
    }
}

impl PostgresDatabase {
    /// For a process that only reads: at most `sessions` beside the main session (and at least two), each statement for
    /// at most `statement`.
    #[must_use]
    pub fn with_reading(mut self, sessions: usize, statement: Duration) -> Self {
        self.readers = Readers::new(sessions);
        self.reading_limit = statement;
        self.pause = None;
        self
    }

    /// A place for one session beside the main session; waits until one is free.
    pub(crate) async fn long_place(&self) -> Result<OwnedSemaphorePermit, PortError> {
        Arc::clone(&self.readers.places)
            .acquire_owned()
            .await
            .map_err(|e| PortError::unexpected(self.what(), e))
    }

    /// A session for reading; waits until a place is free.
    pub(crate) async fn reader(&self) -> Result<Reader, Failure> {
        let place = self.long_place().await?;
        self.reader_at(Some(place)).await
    }

    /// A session that waits for no place, so that chunks under way delay nothing: one more than there are places.
    pub(crate) async fn reader_at_once(&self) -> Result<Reader, Failure> {
        self.reader_at(None).await
    }

    async fn reader_at(&self, place: Option<OwnedSemaphorePermit>) -> Result<Reader, Failure> {
        let client = match self.readers.free.take() {
            Some(client) => client,
            None => self.open_reader().await?,
        };
        Ok(Reader {
            client: Some(client),
            place,
            free: Arc::clone(&self.readers.free),
        })
    }

    async fn open_reader(&self) -> Result<Client, Failure> {
        let client = self.open(self.reading_limit, Duration::ZERO, READ_ONLY).await?;
        let work = client.query_typed(DETECT_DISCONNECT, &[]);
        Box::pin(self.bounded(Duration::from_secs(5), work)).await?;
        Ok(client)
    }
}
