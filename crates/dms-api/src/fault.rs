//! What DMS answers when it refuses.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Why a request is refused; `code` is DMS's own name of the fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    pub code: &'static str,
    pub message: String,
}

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub fn not_found(what: &str) -> Self {
        Self::new("ResourceNotFoundFault", format!("{what} does not exist"))
    }

    pub fn exists(what: &str) -> Self {
        Self::new("ResourceAlreadyExistsFault", format!("{what} exists"))
    }

    pub fn invalid_state(message: impl Into<String>) -> Self {
        Self::new("InvalidResourceStateFault", message)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValueException", message)
    }

    pub fn combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombinationException", message)
    }

    /// Not the caller's fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = if self.code == "InternalFailure" {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::BAD_REQUEST
        };
        (
            status,
            [("x-amzn-errortype", self.code)],
            Json(json!({ "__type": self.code, "message": self.message })),
        )
            .into_response()
    }
}
