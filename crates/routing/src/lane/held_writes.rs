//! Which writes a cutover holds.

use serde::{Deserialize, Serialize};

/// The writes that wait at the edge while the writer changes. A client that leaves without closing its connection both ways is not
/// noticed everywhere: its held write is still executed, and nobody learns the outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HeldWrites {
    /// All: no client gets an error.
    #[default]
    All,
    /// Only those with the header `idempotency-key`, which a client may send again without doing anything twice. The others
    /// get 503 with Retry-After and "not executed".
    Keyed,
}

impl HeldWrites {
    pub fn are_all(&self) -> bool {
        *self == Self::All
    }
}
