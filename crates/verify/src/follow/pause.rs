//! The moment at which nobody may wait any more: writers are locked out, and their users count the milliseconds.

use async_trait::async_trait;

/// Says when what is left has to be verified at once ([`super::Follower::verify_remaining`]).
#[async_trait]
pub trait Pause: Send + Sync {
    /// Returns as soon as that is wanted; at once for as long as it stays so.
    async fn wanted(&self);
}

/// Nobody asks for it.
pub struct NoPause;

#[async_trait]
impl Pause for NoPause {
    async fn wanted(&self) {
        std::future::pending::<()>().await;
    }
}
