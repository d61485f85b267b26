use aws_sdk_databasemigration::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use crossover_core::ports::PortError;

/// Distinguishes "no answer" from "refused", and keeps the service's own error code.
pub fn port_error<E: ProvideErrorMetadata + std::fmt::Debug>(
    what: &str,
    error: &SdkError<E, HttpResponse>,
) -> PortError {
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("unknown error");
            let message = service.err().message().unwrap_or("no message");
            // After throttling or a failure of the service, the same request may succeed later.
            if service.raw().status().as_u16() >= 500 || code.contains("Throttl") {
                PortError::unreachable(what, format!("{code}: {message}"))
            } else {
                PortError::refused(what, format!("{code}: {message}"))
            }
        }
        SdkError::TimeoutError(_) => PortError::unreachable(what, "the time-out passed without an answer"),
        SdkError::DispatchFailure(failure) => {
            let cause = failure
                .as_connector_error()
                .map_or_else(|| "no connection".to_owned(), ToString::to_string);
            PortError::unreachable(what, cause)
        }
        other => PortError::unexpected(what, other),
    }
}
