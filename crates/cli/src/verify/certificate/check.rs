//! `crossover verify --check-certificate`.

use std::{fmt::Write as _, fs, path::Path, process::ExitCode, time::Duration};

use anyhow::Context as _;
use crossover_certificate::{Certificate, Checked, Conditions, PublicKey, Sides, Trust};
use crossover_clock::SystemClock;
use crossover_core::ports::Positions;
use crossover_postgres::LogPositions;
use serde::Serialize;

use super::shown;
use crate::{output::print_json, verify::Arguments, visible::put};

/// Both databases are of PostgreSQL.
const ENGINES: Sides<&dyn Positions> = Sides {
    source: &LogPositions,
    target: &LogPositions,
};

/// What is known of a certificate, as JSON.
#[derive(Serialize)]
struct Finding {
    file: String,
    /// Every check that was made has passed.
    holds: bool,
    /// The certificate is unaltered and consistent.
    intact: bool,
    /// Signed with the public key that was given.
    origin_proven: bool,
    /// The certificate was compared with the current state of both databases.
    databases_asked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Outline>,
    /// Why the certificate does not hold.
    reasons: Vec<String>,
}

/// A summary of the certificate.
#[derive(Serialize)]
struct Outline {
    key_id: String,
    root: String,
    started_at: String,
    issued_at: String,
    tables: usize,
    rows: u64,
    #[serde(rename = "where")]
    condition: Option<String>,
    schemas: Vec<String>,
    exclude: Vec<String>,
    schemas_equal: bool,
}

/// Checks a certificate file.
pub async fn check(arguments: &Arguments, file: &Path) -> anyhow::Result<ExitCode> {
    let bytes = fs::read(file).with_context(|| format!("reading the certificate {}", shown(file)))?;
    let options = &arguments.certificates;
    let trusted = options.public_key.as_deref().map(PublicKey::load).transpose()?;
    let finding = match Certificate::check(&bytes, trusted.as_ref()) {
        Err(error) => Finding {
            file: shown(file),
            holds: false,
            intact: false,
            origin_proven: false,
            databases_asked: false,
            certificate: None,
            reasons: vec![error.to_string()],
        },
        Ok(checked) => {
            let conditions = checked.certificate.conditions();
            let now = now(arguments, &checked).await?;
            let max_age = options
                .max_age
                .map(|hours| Duration::from_secs(u64::from(hours) * 3_600));
            let databases_asked = now.is_some();
            let now = now.unwrap_or_else(|| conditions.unchanged_until(&SystemClock));
            let reasons: Vec<String> = conditions
                .still_hold(&now, max_age, ENGINES)
                .iter()
                .map(ToString::to_string)
                .collect();
            Finding {
                file: shown(file),
                holds: reasons.is_empty(),
                intact: true,
                origin_proven: checked.trust == Trust::Pinned,
                databases_asked,
                certificate: Some(outline(&checked)),
                reasons,
            }
        }
    };
    if arguments.json {
        print_json(&finding)?;
    }
    eprint!("{}", text(&finding));
    Ok(if finding.holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The current state of both databases; `None` if they were not given.
async fn now(arguments: &Arguments, checked: &Checked) -> anyhow::Result<Option<Conditions>> {
    if arguments.databases.urls().is_none() {
        return Ok(None);
    }
    let (source, target) = arguments.connect_both().await?;
    let (source, target) = (source.database, target.database);
    let both = Sides {
        source: &source as _,
        target: &target as _,
    };
    let scope = &checked.certificate.statement().scope;
    Ok(Some(Conditions::read(both, scope, &SystemClock).await?))
}

fn outline(checked: &Checked) -> Outline {
    let statement = checked.certificate.statement();
    Outline {
        key_id: statement.signed_by.key_id.to_string(),
        root: statement.root.to_string(),
        started_at: statement.started_at.to_string(),
        issued_at: statement.issued_at.to_string(),
        tables: statement.tables.len(),
        rows: statement.tables.iter().map(|table| table.rows).sum(),
        condition: statement.how.condition.clone(),
        schemas: statement.scope.schemas.clone(),
        exclude: statement.scope.exclude.clone(),
        schemas_equal: statement.schemas_equal(),
    }
}

fn text(finding: &Finding) -> String {
    let verdict = match (finding.intact, finding.holds) {
        (false, _) => "NOT TO BE TRUSTED",
        (true, false) => "STALE",
        (true, true) => "HOLDS",
    };
    let mut text = format!("{verdict}\n");
    if let Some(outline) = &finding.certificate {
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "  {}: {} tables with {} rows were equal, compared since {}, signed with key {}",
            finding.file, outline.tables, outline.rows, outline.started_at, outline.key_id
        );
        if let Some(condition) = &outline.condition {
            put(&mut text, format_args!("  only rows where {condition}"));
        }
        if !outline.exclude.is_empty() {
            put(
                &mut text,
                format_args!("  tables left out: {}", outline.exclude.join(", ")),
            );
        }
        if !outline.schemas_equal {
            let _ = writeln!(text, "  the schemas of the two sides had different fingerprints");
        }
        let trust = if finding.origin_proven {
            Trust::Pinned
        } else {
            Trust::Unpinned
        };
        let _ = writeln!(text, "  origin: {trust}");
        if !finding.databases_asked {
            let _ = writeln!(
                text,
                "  databases: not checked; give --source and --target to check whether the certificate still holds"
            );
        }
    }
    for reason in &finding.reasons {
        put(&mut text, format_args!("  {reason}"));
    }
    text
}
