//! The isolate's calls to the directory's Durable Object. An internal protocol, like that of the lanes.

use crossover_routing::directory::{Fault, Spreading};
use crossover_routing::{Epoch, UnixMillis};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use worker::web_sys::{Request, RequestInit};
use worker::worker_sys::DurableObject;
use worker::{Env, Result};

use crate::lane_client::{body, settled, unexpected};

/// The one object that holds the directory.
const NAME: &str = "directory";

/// A call that the isolate has authenticated; the object still has to check the nonce.
#[derive(Debug, Serialize, Deserialize)]
pub struct DirectoryCall {
    /// Refused if seen before.
    pub nonce: String,
    /// Time of signing: the nonce is remembered until this time is no longer acceptable.
    pub time_ms: UnixMillis,
    /// What to publish; none to read.
    pub publish: Option<Publish>,
}

/// A new directory.
#[derive(Debug, Serialize, Deserialize)]
pub struct Publish {
    /// The newest version that the caller has read.
    pub expected: Epoch,
    /// The document as it was sent: only the object reads it.
    pub directory: String,
}

/// Why a directory was not published.
#[derive(Debug, Serialize)]
pub struct Refused {
    pub error: &'static str,
    pub message: String,
    pub faults: Vec<Fault>,
}

/// Calls the directory's Durable Object.
pub struct DirectoryClient(DurableObject);

impl DirectoryClient {
    pub fn new(env: &Env) -> Result<Self> {
        let stub = env.durable_object("DIRECTORY")?.id_from_name(NAME)?.get_stub()?;
        Ok(Self(stub.into_rpc()))
    }

    /// What is published; none if `known` is still the newest version.
    pub async fn newer_than(&self, known: Option<Epoch>) -> Result<Option<Spreading>> {
        let known = known.map_or_else(String::new, |version| version.to_string());
        let url = format!("https://directory/record?known={known}");
        let response = settled(self.0.fetch_with_str(&url)?).await?;
        match response.status() {
            204 => Ok(None),
            200 => Ok(Some(serde_json::from_str(&body(&response).await?)?)),
            _ => Err(unexpected(&response)),
        }
    }

    /// Passes an authenticated admin call.
    pub async fn admin(&self, call: &DirectoryCall) -> Result<(u16, String)> {
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(&JsValue::from_str(&serde_json::to_string(call)?));
        let request = Request::new_with_str_and_init("https://directory/admin", &init)?;
        let response = settled(self.0.fetch_with_request(&request)?).await?;
        Ok((response.status(), body(&response).await?))
    }
}
