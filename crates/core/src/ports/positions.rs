//! The order of positions, which only their engine knows.

use super::PortResult;
use crate::position::Position;

/// Compares positions of one database, without a request to the server.
pub trait Positions: Send + Sync {
    /// How many bytes of the change log `to` lies ahead of `from`; 0 for the same position, `None` where `to`
    /// lies behind.
    ///
    /// # Errors
    /// `Unexpected` for a text that is not a position of this engine.
    fn bytes_ahead(&self, from: &Position, to: &Position) -> PortResult<Option<u64>>;

    /// Whether `to` lies behind `from`.
    ///
    /// # Errors
    /// As [`Positions::bytes_ahead`].
    fn lies_behind(&self, from: &Position, to: &Position) -> PortResult<bool> {
        Ok(self.bytes_ahead(from, to)?.is_none())
    }
}
