//! Which AWS calls each function makes: recorded at the fronts of the local AWS and of the DMS stand-in, from the
//! requests as the SDK sends them. Nothing of the functions' program takes part in it.
//!
//! In AWS each stage has a role of its own; here it has an access key of its own, which every request names beside its
//! signature. Service and operation are read from the request's form; nothing else of a request is kept.

mod front;
mod request;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{HeaderMap, Uri};
use crossover_core::StageName;

pub use front::Front;
use request::{access_key, action};

/// What stands before the stage in its access key. MiniStack takes a key of twelve digits for an account, so a key must
/// not look like one.
const KEY_PREFIX: &str = "stage-";

/// The IAM actions that each stage has called, by stage.
pub type ByStage = BTreeMap<String, BTreeSet<String>>;

/// A recording. Its clones share what they record.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<ByStage>>);

impl Calls {
    /// The access key of a stage's function.
    pub fn key_of(stage: StageName) -> String {
        format!("{KEY_PREFIX}{stage}")
    }

    /// Everything that was recorded until now.
    pub fn so_far(&self) -> ByStage {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records a request. Those of others than the functions are not recorded.
    pub(crate) fn note(&self, uri: &Uri, headers: &HeaderMap, body: &[u8]) {
        let Some(stage) = access_key(headers).and_then(|key| key.strip_prefix(KEY_PREFIX)) else {
            return;
        };
        let action = action(uri, headers, body);
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.entry(stage.to_owned()).or_default().insert(action);
    }
}
