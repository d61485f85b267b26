//! Which AWS calls each function makes: recorded at the fronts of the local AWS and of the DMS stand-in, from the
//! requests as the SDK sends them. Nothing of the functions' program takes part in it.
//!
//! In AWS each stage has a role of its own; the functions of MiniStack all have the same credentials. So each gets an
//! application id, which the SDK sends with every request. Service and operation are read from the request's form;
//! nothing else of a request is kept.

mod front;
mod request;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{HeaderMap, Uri};
use crossover_core::StageName;

pub use front::Front;
use request::{action, application, is_signed};

/// The variable from which the SDK reads its application id.
pub const APPLICATION: &str = "AWS_SDK_UA_APP_ID";
const PREFIX: &str = "stage-";
/// Stands for the stage of a signed request that names none. No role is this stage's, so the request is a fault.
const NAMELESS: &str = "?";

/// The IAM actions that each stage has called, by stage.
pub type ByStage = BTreeMap<String, BTreeSet<String>>;

/// A recording. Its clones share what they record.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<ByStage>>);

impl Calls {
    /// The application id of a stage's function.
    pub fn id_of(stage: StageName) -> String {
        format!("{PREFIX}{stage}")
    }

    /// Everything that was recorded until now.
    pub fn so_far(&self) -> ByStage {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records a request. Unsigned ones are not the SDK's, so not those of functions.
    pub(crate) fn note(&self, uri: &Uri, headers: &HeaderMap, body: &[u8]) {
        let stage = match application(headers).and_then(|id| id.strip_prefix(PREFIX)) {
            Some(stage) => stage,
            None if is_signed(headers) => NAMELESS,
            None => return,
        };
        let action = action(uri, headers, body);
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.entry(stage.to_owned()).or_default().insert(action);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(headers: &[(&'static str, &str)]) -> ByStage {
        let calls = Calls::default();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        calls.note(&Uri::from_static("/"), &headers, b"Action=Publish");
        calls.so_far()
    }

    #[test]
    fn a_call_is_recorded_under_the_stage_that_its_request_names_and_one_without_is_not_lost() {
        let signed = (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/sns/aws4_request, Signature=0",
        );
        let agent = format!(
            "aws-sdk-rust/1.3 os/linux app/{}",
            Calls::id_of(StageName::new("lag-wait"))
        );
        let of =
            |stage: &str| ByStage::from([(stage.to_owned(), BTreeSet::from(["sns:Publish".to_owned()]))]);
        assert_eq!(recorded(&[signed, ("user-agent", &agent)]), of("lag-wait"));
        assert_eq!(recorded(&[signed]), of("?"));
        assert_eq!(
            recorded(&[("x-amz-target", "AmazonDMSv20160101.StartReplicationTask")]),
            ByStage::new()
        );
    }
}
