//! Engines by their names, and what a plan says to the one that carries changes.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name of an engine: of a database, or of the one that carries changes. Which ones there are is known where adapters are
/// chosen; an unknown name stops the run there.
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

/// How changes are carried: the CDC engine, and its own settings beside the name. Crossover's core passes these on; the engine's
/// adapter reads them before anything else happens, refuses what it does not know, and names all faults at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplicationPlan {
    pub engine: EngineName,
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}
