//! The client of the edge-router's signed admin API: reads a lane and changes it by compare-and-set.
//!
//! One [`EdgeAdmin`] keeps one connection open, because the client is used inside the pause, where each round
//! trip delays every client of the application. The client never repeats a call: after
//! [`EdgeError::Unreachable`] the caller has to read the lane to learn whether the change was made.

mod error;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossover_routing::admin::{
    AdminRequest, EPOCH_HEADER, KEY_ID_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIME_HEADER, epoch_text,
};
use crossover_routing::directory::{Fault, Spreading, signed_region};
use crossover_routing::{AuditLog, Command, Directory, Epoch, LaneRecord, Traffic, UnixMillis, is_loopback};
use reqwest::{Client, Method, Response, StatusCode, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use crossover_routing::AdminKey;
pub use error::EdgeError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);
const DIRECTORY: &str = "/__crossover/v1/directory";

/// One lane of one edge.
#[derive(Debug, Clone)]
pub struct EdgeAdmin {
    client: Client,
    base: Url,
    lane: String,
    key_id: String,
    key: AdminKey,
}

/// A refusal: by a lane, which sends its record, or of a directory.
#[derive(Deserialize)]
struct Refused {
    error: String,
    message: String,
    record: Option<LaneRecord>,
    #[serde(default)]
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
struct Problem {
    error: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Held {
    held: u64,
}

impl EdgeAdmin {
    /// A client for the lane `lane` of the edge at `base_url` (scheme and host; the rest of the URL is
    /// ignored).
    ///
    /// # Errors
    /// [`EdgeError::BadAddress`] if the text is not an http or https URL, contains a user, or would send
    /// signed commands without TLS to another machine; also if TLS cannot be set up.
    pub fn new(
        base_url: &str,
        lane: impl Into<String>,
        key_id: impl Into<String>,
        key: AdminKey,
    ) -> Result<Self, EdgeError> {
        // Another part of the process may already have installed a provider; any provider works.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = address(base_url)?;
        let bad = |reason: String| EdgeError::BadAddress {
            url: base.to_string(),
            reason,
        };
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(redirect::Policy::none())
            .tcp_nodelay(true)
            .build()
            .map_err(|error| bad(error.to_string()))?;
        Ok(Self {
            client,
            base,
            lane: lane.into(),
            key_id: key_id.into(),
            key,
        })
    }

    /// The same with the key as its secret holds it, in hexadecimal.
    ///
    /// # Errors
    /// Those of [`EdgeAdmin::new`], and [`EdgeError::BadKey`].
    pub fn with_hex_key(base_url: &str, lane: &str, key_id: &str, key: &str) -> Result<Self, EdgeError> {
        Self::new(base_url, lane, key_id, AdminKey::from_hex(key)?)
    }

    /// The current record of the lane.
    pub async fn read(&self) -> Result<LaneRecord, EdgeError> {
        self.get("").await
    }

    /// The lane's audit log; check it with [`AuditLog::verify`].
    pub async fn audit(&self) -> Result<AuditLog, EdgeError> {
        self.get("/audit").await
    }

    /// Number of requests that the lane holds now.
    pub async fn held(&self) -> Result<u64, EdgeError> {
        self.get::<Held>("/held").await.map(|held| held.held)
    }

    /// The writes in flight at the edge. Under the hold the answer waits for quiet, for a fraction of a second.
    pub async fn traffic(&self) -> Result<Traffic, EdgeError> {
        self.get("/traffic").await
    }

    /// The compare-and-set: returns the new record if the lane was still at `expected` and accepted the
    /// command.
    pub async fn apply(&self, expected: Epoch, command: Command) -> Result<LaneRecord, EdgeError> {
        let body = serde_json::to_vec(&command).map_err(|error| EdgeError::Protocol {
            what: format!("the command cannot be written: {error}"),
        })?;
        self.call(Method::POST, &self.lane_path(""), body, Some(expected))
            .await
    }

    /// The directory in force, and the next one while it is spreading.
    pub async fn directory(&self) -> Result<Spreading, EdgeError> {
        self.call(Method::GET, DIRECTORY, Vec::new(), None).await
    }

    /// Publishes a directory if `expected` is still the newest version. It comes into force everywhere at the time that
    /// the answer names.
    pub async fn publish(&self, expected: Epoch, directory: &Directory) -> Result<Spreading, EdgeError> {
        let body = serde_json::to_vec(directory).map_err(|error| EdgeError::Protocol {
            what: format!("the directory cannot be written: {error}"),
        })?;
        self.call(Method::POST, DIRECTORY, body, Some(expected)).await
    }

    /// The value of the header `x-crossover-region` with which a request belongs to this region until `expires`.
    pub fn sign_region(&self, code: &str, expires: UnixMillis) -> String {
        signed_region::sign(&self.key, &self.key_id, code, expires)
    }

    async fn get<T: DeserializeOwned>(&self, tail: &str) -> Result<T, EdgeError> {
        self.call(Method::GET, &self.lane_path(tail), Vec::new(), None)
            .await
    }

    fn lane_path(&self, tail: &str) -> String {
        format!("/__crossover/v1/lanes/{}{tail}", self.lane)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        expected: Option<Epoch>,
    ) -> Result<T, EdgeError> {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_path(path);
        let now = now();
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let signed = AdminRequest {
            method: method.as_str(),
            path: url.path(),
            body: &body,
            time_ms: now,
            nonce: &nonce,
            key_id: &self.key_id,
            expected,
        };
        let signature = self.key.sign(&signed);
        let request = self
            .client
            .request(method.clone(), url.clone())
            .header(KEY_ID_HEADER, &self.key_id)
            .header(TIME_HEADER, now.0)
            .header(NONCE_HEADER, &nonce)
            .header(EPOCH_HEADER, epoch_text(expected))
            .header(SIGNATURE_HEADER, signature);
        let request = if method == Method::POST {
            request.header("content-type", "application/json").body(body)
        } else {
            request
        };
        let unreachable = |source| EdgeError::Unreachable {
            url: url.to_string(),
            source,
        };
        let response = request.send().await.map_err(unreachable)?;
        answer(response, &url).await
    }
}

async fn answer<T: DeserializeOwned>(response: Response, url: &Url) -> Result<T, EdgeError> {
    let status = response.status();
    let body = response.bytes().await.map_err(|source| EdgeError::Unreachable {
        url: url.to_string(),
        source,
    })?;
    let unreadable = |what: &str| EdgeError::Protocol {
        what: format!("{url} answered {status} with {what}"),
    };
    match status {
        StatusCode::OK => {
            serde_json::from_slice(&body).map_err(|error| unreadable(&format!("an unreadable body: {error}")))
        }
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
            let refused: Refused = serde_json::from_slice(&body)
                .map_err(|error| unreadable(&format!("an unreadable body: {error}")))?;
            let (name, message) = (refused.error, refused.message);
            Err(match refused.record {
                Some(record) => EdgeError::Refused {
                    name,
                    message,
                    record: Box::new(record),
                },
                None => EdgeError::DirectoryRefused {
                    name,
                    message,
                    faults: refused.faults,
                },
            })
        }
        StatusCode::UNAUTHORIZED => match serde_json::from_slice::<Problem>(&body) {
            Ok(Problem { error: name, message }) => Err(EdgeError::Unauthorized { name, message }),
            Err(_) => Err(unreadable("no reason")),
        },
        _ => match serde_json::from_slice::<Problem>(&body) {
            Ok(Problem { error, message }) => Err(unreadable(&format!("{error}: {message}"))),
            Err(_) => Err(unreadable("a body that is not the edge-router's")),
        },
    }
}

/// A clock before 1970 signs with the time 0; the edge refuses that call as stale.
fn now() -> UnixMillis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(UnixMillis(0), |passed| UnixMillis(passed.as_millis() as u64))
}

/// The edge's address, if signed commands may be sent to it: over TLS, or to the local machine.
fn address(text: &str) -> Result<Url, EdgeError> {
    let bad = |url: &str, reason: &str| EdgeError::BadAddress {
        url: url.to_owned(),
        reason: reason.to_owned(),
    };
    let url = Url::parse(text).map_err(|error| bad("the given text", &error.to_string()))?;
    // A user or password in an address would appear in every log that contains the address.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(
            url.host_str().unwrap_or_default(),
            "it contains a user; remove everything before the host",
        ));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if url.host_str().is_some_and(is_loopback) => Ok(url),
        "http" => Err(bad(
            text,
            "signed commands need TLS except to the local machine; use https",
        )),
        _ => Err(bad(text, "an http or https URL is needed")),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn signed_commands_never_cross_a_network_without_tls() {
        for good in [
            "https://edge.example.com",
            "http://127.0.0.1:8787",
            "http://127.9.9.9",
            "http://localhost",
            "http://[::1]:1/x",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://edge.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1:80@edge.example.com/",
            "http://localhost:80@edge.example.com/",
            "https://operator:hunter2@edge.example.com/",
            "ftp://127.0.0.1",
            "127.0.0.1:8787",
        ] {
            let error = address(bad).expect_err(bad).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
