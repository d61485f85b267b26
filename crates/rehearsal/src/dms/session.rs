//! The stand-in's sessions in the databases.

use std::sync::Arc;

use crossover_dms_api::Fault;
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls};

use super::endpoint::Endpoint;

/// A database has refused a statement of the stand-in.
#[derive(Debug)]
pub struct Refused(tokio_postgres::Error);

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error)
    }
}

impl From<Refused> for Fault {
    fn from(Refused(error): Refused) -> Self {
        let text = error
            .as_db_error()
            .map_or_else(|| error.to_string(), |e| e.message().to_owned());
        Self::internal(text)
    }
}

/// Opens a session that lives as long as the client.
pub async fn connect(endpoint: &Endpoint) -> Result<Client, Refused> {
    let (client, connection) = endpoint.config().connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a connection of the DMS stand-in ended");
        }
    });
    Ok(client)
}

/// A session for short questions, kept from one to the next: tasks are described every few hundred
/// milliseconds, also in the pause, and a login costs more than the question.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<Mutex<Option<Arc<Client>>>>);

impl Kept {
    pub async fn at(&self, endpoint: &Endpoint) -> Result<Arc<Client>, Refused> {
        let mut kept = self.0.lock().await;
        if let Some(client) = kept.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(connect(endpoint).await?);
        *kept = Some(Arc::clone(&client));
        Ok(client)
    }
}
