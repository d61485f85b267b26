//! The names of engines, and the settings of the CDC engine.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name of a database engine or of a CDC engine. An unknown name ends the run where the adapters are
/// chosen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct EngineName(String);

impl EngineName {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The CDC engine and its settings. The engine's adapter reads the settings before the run does anything
/// else, refuses unknown ones, and names all faults at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplicationPlan {
    pub engine: EngineName,
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}
