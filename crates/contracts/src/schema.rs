//! The JSON Schemas of the documents, from their types.

use std::path::Path;

use anyhow::Context;
use crossover_aws::DmsSettings;
use crossover_certificate::{CertificateFile, ReportDocument};
use crossover_core::{Plan, explanation::Explanations, finding::CheckReport, routing::Directory};
use crossover_evidence::EvidenceReport;
use crossover_operate::status::LaneStatus;
use crossover_rehearsal::report::Judged;
use crossover_verify::FollowEvent;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

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
        "plan" => Some(plan(&read)),
        "directory" => Some(made::<Directory>(read)),
        "rehearsal-report" => Some(made::<Judged<'_>>(written)),
        "verify-report" => Some(made::<ReportDocument<'_>>(written)),
        "verify-event" => Some(made::<FollowEvent>(written)),
        "check-report" => Some(made::<CheckReport>(written)),
        "explanations" => Some(made::<Explanations>(written)),
        "lane-status" => Some(made::<LaneStatus>(written)),
        "evidence-check" => Some(made::<EvidenceReport>(written)),
        "certificate" => Some(made::<CertificateFile>(read)),
        _ => None,
    }
}

/// The plan, with the settings of each engine that carries changes: the plan's own type passes these on
/// unread.
fn plan(read: &SchemaSettings) -> Value {
    let mut plan = made::<Plan>(read.clone());
    let mut dms = made::<DmsSettings>(read.clone());
    // The settings stand beside the name of their engine.
    dms["properties"]["engine"] = true.into();
    let shared = dms["$defs"].take();
    for of_document in ["$schema", "$defs", "title"] {
        dms.as_object_mut().map(|dms| dms.remove(of_document));
    }
    if let (Some(definitions), Value::Object(shared)) = (plan["$defs"].as_object_mut(), shared) {
        definitions.extend(shared);
        definitions.insert("DmsSettings".to_owned(), dms);
    }
    let replication = &mut plan["$defs"]["ReplicationPlan"];
    replication["if"] = json!({ "properties": { "engine": { "const": DmsSettings::ENGINE } } });
    replication["then"] = json!({ "$ref": "#/$defs/DmsSettings" });
    plan
}

fn made<T: JsonSchema>(settings: SchemaSettings) -> Value {
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
