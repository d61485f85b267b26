//! The direction of a cutover. A rollback is the same cutover with the sides swapped.

use crossover_routing::Side;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The cutover: source to target.
    #[default]
    Forward,
    /// The rollback: target to source.
    Reverse,
}

impl Direction {
    /// The side that is the writer when the run starts.
    pub const fn old_writer(self) -> Side {
        match self {
            Self::Forward => Side::Source,
            Self::Reverse => Side::Target,
        }
    }

    /// The side that is the writer after the run has committed.
    pub const fn new_writer(self) -> Side {
        match self {
            Self::Forward => Side::Target,
            Self::Reverse => Side::Source,
        }
    }
}
