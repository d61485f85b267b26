//! The pause, in which writers are locked out and no step may wait, because users wait for their writes.

use async_trait::async_trait;

/// Signals when the remaining rows have to be verified at once ([`super::Follower::verify_remaining`]).
#[async_trait]
pub trait Pause: Send + Sync {
    /// Returns as soon as the verification is requested; at once while the request lasts.
    async fn wanted(&self);
}

/// The verification is never requested.
pub struct NoPause;

#[async_trait]
impl Pause for NoPause {
    async fn wanted(&self) {
        std::future::pending::<()>().await;
    }
}
