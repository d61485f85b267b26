//! Who has created what a rehearsal ran on.

use serde::{Deserialize, Serialize};

/// Who has created a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Creator {
    /// Terraform, from `terraform/environments/dev`.
    Terraform,
    /// The rehearsal, by calls of its own.
    Rehearsal,
}

impl Creator {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform, environments/dev",
            Self::Rehearsal => "the rehearsal",
        }
    }
}

/// The resources of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceRow {
    /// Terraform's name of the type where AWS has it; otherwise words.
    pub kind: String,
    pub count: usize,
    pub created_by: Creator,
}

impl ResourceRow {
    pub fn new(kind: &str, count: usize, created_by: Creator) -> Self {
        Self {
            kind: kind.to_owned(),
            count,
            created_by,
        }
    }
}
