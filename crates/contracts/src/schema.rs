//! The JSON Schemas of the documents, from their types.

use std::path::Path;

use anyhow::Context;
use crossover_certificate::{CertificateFile, ReportDocument};
use crossover_core::Plan;
use crossover_rehearsal::report::Judged;
use crossover_verify::FollowEvent;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use crate::{document::DOCUMENTS, generated::Generated};

/// Every schema, as it should be checked in.
pub fn generated(root: &Path) -> anyhow::Result<Vec<Generated>> {
    DOCUMENTS
        .iter()
        .map(|name| {
            let schema = of(name).with_context(|| format!("no type belongs to the document {name}"))?;
            Ok(Generated {
                path: root.join(format!("docs/schema/{name}.json")),
                content: format!("{}\n", serde_json::to_string_pretty(&schema)?),
            })
        })
        .collect()
}

/// The schema of a document.
pub fn of(name: &str) -> Option<Value> {
    // What Crossover reads may leave out what has a default; what it writes is always complete.
    let read = SchemaSettings::draft2020_12().for_deserialize();
    let written = SchemaSettings::draft2020_12().for_serialize();
    match name {
        "plan" => Some(made::<Plan>(read)),
        "rehearsal-report" => Some(made::<Judged<'_>>(written)),
        "verify-report" => Some(made::<ReportDocument<'_>>(written)),
        "verify-event" => Some(made::<FollowEvent>(written)),
        "certificate" => Some(made::<CertificateFile>(read)),
        _ => None,
    }
}

fn made<T: JsonSchema>(settings: SchemaSettings) -> Value {
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
