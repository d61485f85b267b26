//! The response to a failed request, above all whether the write may have happened.

use std::error::Error;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use deadpool_postgres::PoolError;
use serde_json::json;
use tokio_postgres::error::Severity;

use super::EXECUTED;

/// A request that did not succeed.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    executed: Option<&'static str>,
    message: String,
}

impl Failure {
    /// No session was available, so nothing was sent to the database.
    #[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
    pub(super) fn no_session(err: PoolError) -> Self {
        Self::not_executed(format!("no database session: {}", chain(&err)))
    }

    /// Failed before COMMIT was sent: the transaction cannot have taken effect.
    #[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
    pub(super) fn rolled_back(err: tokio_postgres::Error) -> Self {
        Self::not_executed(format!("rolled back: {}", chain(&err)))
    }

    /// COMMIT was sent and did not succeed.
    ///
    /// An ERROR of the server ends in a rollback. Any other failure (FATAL, as when an operator ends the
    /// session, or a lost connection) can arrive after the commit record was written, so the outcome is
    /// unknown here.
    #[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
    pub(super) fn at_commit(err: tokio_postgres::Error) -> Self {
        let refused = err
            .as_db_error()
            .is_some_and(|db| db.parsed_severity() == Some(Severity::Error));
        if refused {
            return Self::not_executed(format!("rolled back: {}", chain(&err)));
        }
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            executed: Some("unknown"),
            message: format!("the outcome of the commit is unknown: {}", chain(&err)),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            executed: Some("no"),
            message: message.into(),
        }
    }

    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            executed: None,
            message: what.into(),
        }
    }

    fn not_executed(message: String) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            executed: Some("no"),
            message,
        }
    }
}

/// An error and its causes in one line: the text of a tokio-postgres error is only "db error".
fn chain(err: &dyn Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    text
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "error": self.message }))).into_response();
        if let Some(executed) = self.executed {
            response
                .headers_mut()
                .insert(EXECUTED, axum::http::HeaderValue::from_static(executed));
        }
        response
    }
}
