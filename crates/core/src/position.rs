//! Positions in a database's stream of changes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A position in the changes of one database, as its engine writes it. Only the engine's own crate parses the
/// text; [`crate::ports::Positions`] compares two positions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Position(String);

impl Position {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The engine's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_serialized_as_its_text() {
        let position = Position::new("binlog.000042:1337");
        let json = serde_json::to_value(&position).unwrap();
        assert_eq!(json, "binlog.000042:1337");
        assert_eq!(serde_json::from_value::<Position>(json).unwrap(), position);
    }
}
