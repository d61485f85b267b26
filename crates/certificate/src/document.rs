//! The document of a whole comparison, which `crossover verify --json` prints.

use std::path::PathBuf;

use crossover_verify::{Report, repair::RepairReport};
use serde::Serialize;

/// The report, and the results of repair and certification.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReportDocument<'a> {
    #[serde(flatten)]
    pub report: &'a Report,
    /// Present only if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<&'a RepairReport>,
    /// Present only if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<&'a Issuance>,
}

/// The result of a requested certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Issuance {
    Issued {
        file: PathBuf,
        key_id: String,
        root: String,
    },
    Refused {
        reason: String,
    },
}

impl Issuance {
    pub const fn is_issued(&self) -> bool {
        matches!(self, Self::Issued { .. })
    }
}
