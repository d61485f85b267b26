//! What positions mean to each other: for their engine alone to say.

use super::PortResult;
use crate::position::Position;

/// Comparing positions of one database. Nothing is asked of the server.
pub trait Positions: Send + Sync {
    /// How many bytes of the change log `to` lies ahead of `from`; 0 for the same position, none when `to` lies behind.
    ///
    /// # Errors
    /// `Unexpected` for a text that is no position of this engine.
    fn bytes_ahead(&self, from: &Position, to: &Position) -> PortResult<Option<u64>>;

    /// Whether `to` lies behind `from`.
    ///
    /// # Errors
    /// As [`Positions::bytes_ahead`].
    fn lies_behind(&self, from: &Position, to: &Position) -> PortResult<bool> {
        Ok(self.bytes_ahead(from, to)?.is_none())
    }
}
