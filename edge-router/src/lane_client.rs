//! The isolate's calls to the lane's Durable Object. An internal protocol: both ends are this Worker, in one
//! version, or in two versions during a deployment.

use crossover_routing::{Command, Epoch, LaneFigures, LaneRecord, Millis, Report, UnixMillis};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::futures::JsFuture;
use worker::web_sys::{Request, RequestInit, Response};
use worker::worker_sys::DurableObject;
use worker::{Env, Error, Result};

/// Carries the snapshot. A header arrives with the answer; a body would cost each released request another
/// round trip.
pub const SNAPSHOT_HEADER: &str = "x-lane-snapshot";

/// The lane's record at one time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    pub record: LaneRecord,
    /// The Durable Object's clock when it answered.
    pub at_ms: UnixMillis,
}

/// A call that the isolate has authenticated; the lane still has to check the nonce.
#[derive(Debug, Serialize, Deserialize)]
pub struct AdminCall {
    /// Refused if seen before.
    pub nonce: String,
    /// Time of signing: the nonce is remembered until this time is no longer acceptable.
    pub time_ms: UnixMillis,
    pub operation: Operation,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Read,
    Audit,
    /// Number of held requests.
    Held,
    /// Writes in flight; under the hold the lane answers when there are none, or after a short wait.
    Traffic,
    /// The compare-and-set.
    Apply {
        /// The epoch that the caller has read.
        expected: Epoch,
        command: Command,
    },
}

/// A refusal, as the client of the admin API reads it.
#[derive(Serialize)]
pub struct Refused<'a> {
    pub error: &'a str,
    pub message: String,
    /// The lane's record; none where the call itself is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<LaneRecord>,
}

/// Calls the lane's Durable Object from an isolate.
pub struct LaneClient {
    stub: DurableObject,
    lane: String,
}

impl LaneClient {
    pub fn new(env: &Env, lane: &str) -> Result<Self> {
        let stub = env
            .durable_object("LANES")?
            .id_from_name(lane)?
            .get_stub()?
            .into_rpc();
        Ok(Self {
            stub,
            lane: lane.to_owned(),
        })
    }

    /// Reports to the lane and reads its current record. `counted`: what the isolate has counted, as text with its number.
    pub async fn record(&self, report: &Report, counted: Option<&str>) -> Result<Snapshot> {
        let mut question = format!("record?report={report}");
        if let Some(counted) = counted {
            question.push_str("&counts=");
            question.push_str(counted);
        }
        let response = self.get(&question).await?;
        if response.status() == 200 {
            snapshot(&response)
        } else {
            Err(unexpected(&response))
        }
    }

    /// The lane's record, without a lease on it.
    pub async fn look(&self) -> Result<LaneRecord> {
        let response = self.get("look").await?;
        if response.status() == 200 {
            Ok(serde_json::from_str(&body(&response).await?)?)
        } else {
            Err(unexpected(&response))
        }
    }

    /// The lane's figures.
    pub async fn figures(&self) -> Result<LaneFigures> {
        let response = self.get("figures").await?;
        if response.status() == 200 {
            Ok(serde_json::from_str(&body(&response).await?)?)
        } else {
            Err(unexpected(&response))
        }
    }

    /// Reports to the lane and waits there until it serves: 200 with a snapshot, 429 if too many requests are held, 504 if the
    /// time is over.
    pub async fn park(&self, report: &Report, max: Millis) -> Result<Response> {
        self.get(&format!("park?report={report}&max_ms={max}")).await
    }

    /// Passes an authenticated admin call to the lane.
    pub async fn admin(&self, call: &AdminCall) -> Result<(u16, String)> {
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(&JsValue::from_str(&serde_json::to_string(call)?));
        let request = Request::new_with_str_and_init(&self.url("admin"), &init)?;
        let response = settled(self.stub.fetch_with_request(&request)?).await?;
        Ok((response.status(), body(&response).await?))
    }

    fn url(&self, rest: &str) -> String {
        // A Durable Object is addressed by its stub; the host is never resolved.
        format!("https://lane/{}/{rest}", self.lane)
    }

    async fn get(&self, rest: &str) -> Result<Response> {
        settled(self.stub.fetch_with_str(&self.url(rest))?).await
    }
}

/// The answer of a call.
pub async fn settled(promise: worker::js_sys::Promise) -> Result<Response> {
    Ok(JsFuture::from(promise).await?.unchecked_into())
}

/// The text of an answer.
pub async fn body(response: &Response) -> Result<String> {
    Ok(JsFuture::from(response.text()?)
        .await?
        .as_string()
        .unwrap_or_default())
}

/// The snapshot in a 200 answer.
pub fn snapshot(response: &Response) -> Result<Snapshot> {
    let text = response
        .headers()
        .get(SNAPSHOT_HEADER)?
        .ok_or_else(|| unexpected(response))?;
    Ok(serde_json::from_str(&text)?)
}

/// An answer unknown to this version of the Worker.
pub fn unexpected(response: &Response) -> Error {
    Error::RustError(format!("the lane answered with status {}", response.status()))
}
