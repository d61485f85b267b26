//! An environment applied to a local AWS: applied, planned again, planned with more of everything, destroyed.

pub mod changes;
pub mod environment;
pub mod exceptions;
pub mod local_aws;
pub mod session;

use crate::finding::{Finding, Findings};

use environment::Environment;
use session::Session;

/// The rules of what applying finds.
pub const APPLY: &str = "terraform apply";
pub const AGAIN: &str = "second plan";
pub const GROWTH: &str = "growth";
pub const DESTROY: &str = "terraform destroy";

/// What was found, and the types of the resources that were created.
#[derive(Debug, Default)]
pub struct Applied {
    pub findings: Vec<Finding>,
    pub kinds: Vec<String>,
}

/// Applies an environment and destroys it. An apply that fails is the end: what it has left goes with the local
/// AWS.
pub async fn cycle(session: &Session<'_>, environment: &Environment) -> anyhow::Result<Applied> {
    let mut findings = Findings::default();
    let mut kinds = Vec::new();
    let before = session.aws.in_dms().await;
    if session.init(&mut findings)? && session.apply(environment, &mut findings).await? {
        kinds = session.kinds().await?;
        session.again(environment, &mut findings).await?;
        session.grow(environment, &mut findings).await?;
        session.destroy(&before, &mut findings).await?;
    }
    Ok(Applied {
        findings: findings.sorted(),
        kinds,
    })
}
