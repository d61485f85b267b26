//! Turns errors of the driver into errors that a stage can act on, by type and SQLSTATE, never by message
//! text.

use std::{error::Error as _, fmt::Write as _, io, time::Duration};

use crossover_core::ports::{PortError, Refusal};
use tokio_postgres::{
    Error,
    error::{DbError, Severity, SqlState},
};

/// A failed statement, with the SQLSTATE by which callers recognise expected refusals.
#[derive(Debug)]
pub struct Failure {
    pub port: PortError,
    pub code: Option<SqlState>,
    /// The connection is lost: the outcome of a running statement is unknown.
    pub disconnected: bool,
}

impl Failure {
    pub fn is(&self, code: &SqlState) -> bool {
        self.code.as_ref() == Some(code)
    }

    pub fn from_driver(what: &str, error: &Error) -> Self {
        if let Some(db) = error.as_db_error() {
            let code = db.code().clone();
            let mut reason = format!("{} (SQLSTATE {})", db.message(), code.code());
            for more in [db.detail(), db.hint()].into_iter().flatten() {
                let _ = write!(reason, "; {more}");
            }
            let gone = means_gone(&code, ends_session(db));
            let port = if code == SqlState::TOO_MANY_CONNECTIONS && gone {
                PortError::no_connection_free(what, reason)
            } else if gone {
                PortError::unreachable(what, reason)
            } else {
                PortError::refused_about(what, reason, about(&code))
            };
            return Self {
                port,
                code: Some(code),
                disconnected: gone,
            };
        }
        let mut reason = error.to_string();
        let mut cause = error.source();
        let mut broken = error.is_closed();
        let mut distrusted = false;
        while let Some(inner) = cause {
            let text = inner.to_string();
            // Some errors contain the text of their cause already.
            if !reason.contains(&text) {
                let _ = write!(reason, ": {text}");
            }
            broken |= inner.is::<io::Error>();
            distrusted |= is_bad_certificate(inner);
            cause = inner.source();
        }
        let port = if distrusted {
            PortError::refused(what, format!("{reason}; {TRUST}"))
        } else if broken {
            PortError::unreachable(what, reason)
        } else {
            PortError::unexpected(what, reason)
        };
        Self {
            port,
            code: None,
            disconnected: broken && !distrusted,
        }
    }

    pub fn no_answer(what: &str, waited: Duration) -> Self {
        let reason = format!("no answer within {} ms", waited.as_millis());
        Self {
            port: PortError::unreachable(what, reason),
            code: None,
            disconnected: false,
        }
    }
}

/// The remedy for a certificate that cannot be verified.
const TRUST: &str = "connect by the name in the server's certificate, and set sslrootcert to its authority unless that is one of \
    the public ones (RDS and Aurora: the region's bundle)";

/// Whether the server's certificate could not be verified; a retry would receive the same certificate.
fn is_bad_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    io.and_then(|inner| inner.downcast_ref::<rustls::Error>())
        .is_some_and(|inner| matches!(inner, rustls::Error::InvalidCertificate(_)))
}

/// The kind of the server's refusal.
fn about(code: &SqlState) -> Refusal {
    match code.code() {
        "42501" => Refusal::NoRight,
        "57014" => Refusal::Stopped,
        "42P01" | "42703" => Refusal::UnknownName,
        "42601" | "42804" | "42883" | "22P02" => Refusal::NotUnderstood,
        "22021" | "22P05" => Refusal::Encoding,
        // Of a foreign data wrapper, which asks a server of its own.
        code if code.starts_with("08") || matches!(code, "HV00N" | "57P01" | "57P02" | "57P03" | "53300") => {
            Refusal::OtherServer
        }
        _ => Refusal::Other,
    }
}

/// Whether the server has ended the session, or has not begun it. After an error that only ends the statement the
/// server is still there: such an error with the code of a lost connection is about another server.
fn ends_session(error: &DbError) -> bool {
    error
        .parsed_severity()
        .is_none_or(|severity| matches!(severity, Severity::Fatal | Severity::Panic))
}

/// Whether the server has stopped or accepts no connections at present, so that a retry can succeed.
fn means_gone(code: &SqlState, ends_session: bool) -> bool {
    let codes = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    ends_session && (code.code().starts_with("08") || codes.contains(code))
}

impl From<PortError> for Failure {
    fn from(port: PortError) -> Self {
        Self {
            port,
            code: None,
            disconnected: false,
        }
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        failure.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_server_is_unreachable_and_a_missing_right_is_not() {
        for code in ["08006", "57P01", "57P02", "57P03", "53300"] {
            let code = SqlState::from_code(code);
            assert!(means_gone(&code, true), "{code:?}");
            assert!(!means_gone(&code, false), "of another server: {code:?}");
            assert_eq!(about(&code), Refusal::OtherServer, "{code:?}");
        }
        for code in ["42501", "28P01", "57014", "55P03", "42P01", "3D000"] {
            assert!(!means_gone(&SqlState::from_code(code), true), "{code}");
        }
    }
}
