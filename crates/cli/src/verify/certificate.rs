//! `crossover verify --certificate`, and the options of certificates.

mod check;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use crossover_certificate::{
    self as certificate, Certificate, Conditions, Issuance, SigningKey, certified_scope,
};
use crossover_clock::SystemClock;
use crossover_core::{plan::Scope, ports::Clock};
use crossover_postgres::PostgresDatabase;
use crossover_verify::{Report, Sides, VerifyOptions};

use super::words::no_certificate;
use crate::{signing_key, visible::visible};

pub use check::check;

/// Options of certificates.
#[derive(clap::Args)]
#[command(next_help_heading = "Certificates")]
pub struct CertificateArguments {
    /// If equal, write a signed certificate to this file, which must not exist yet
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "explain_sql", "estimate"])]
    certificate: Option<PathBuf>,
    /// The Ed25519 key that signs (PEM); created with FILE.pub if missing. CROSSOVER_SIGNING_KEY may contain
    /// the PEM instead
    #[arg(long, value_name = "FILE", requires = "certificate")]
    signing_key: Option<PathBuf>,
    /// Check a certificate; with --source and --target also whether it still holds for these databases
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "certificate", "quick", "explain_sql", "tables", "exclude", "condition", "rows_only", "method", "show_values"
        ]
    )]
    pub check_certificate: Option<PathBuf>,
    /// The issuer's public key, from a source you trust: without this key the signer is not proven
    #[arg(long, value_name = "FILE", requires = "check_certificate")]
    public_key: Option<PathBuf>,
    /// Maximum age of the comparison, in hours
    #[arg(long, value_name = "HOURS", requires = "check_certificate", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_age: Option<u32>,
}

/// Everything a certificate needs, checked before the comparison.
pub struct Issuing {
    file: PathBuf,
    key: SigningKey,
}

/// The conditions of both sides, read before the first row.
pub struct Before {
    conditions: Conditions,
    scope: Scope,
}

impl CertificateArguments {
    pub const fn is_wanted(&self) -> bool {
        self.certificate.is_some()
    }

    /// The file and the key of a certificate, if one was requested.
    pub fn issuing(&self) -> anyhow::Result<Option<Issuing>> {
        let Some(file) = &self.certificate else {
            return Ok(None);
        };
        Certificate::may_be_saved(file)?;
        let key = match &self.signing_key {
            Some(path) => SigningKey::load_or_create_pair(path)?,
            None => signing_key::of_environment()?.with_context(|| {
                format!(
                    "a certificate has to be signed: give a key with --signing-key FILE (created if missing), or put its PEM into {}",
                    signing_key::VARIABLE
                )
            })?,
        };
        Ok(Some(Issuing {
            file: file.clone(),
            key,
        }))
    }
}

impl Before {
    /// Reads the conditions of both sides.
    pub async fn read(
        databases: (&PostgresDatabase, &PostgresDatabase),
        sides: &Sides<'_>,
        scope: &Scope,
        options: &VerifyOptions,
    ) -> anyhow::Result<Self> {
        let scope = certified_scope(sides, scope, &options.selection).await?;
        let both = certificate::Sides {
            source: databases.0 as _,
            target: databases.1 as _,
        };
        let conditions = Conditions::read(both, &scope, &SystemClock).await?;
        Ok(Self { conditions, scope })
    }
}

impl Issuing {
    /// Writes the certificate of this report, or returns why it was refused.
    pub fn finish(&self, report: &Report, before: Before, condition: Option<String>) -> Issuance {
        let Before { conditions, scope } = before;
        let clock: &dyn Clock = &SystemClock;
        let issued = Certificate::issue(report, conditions, scope, condition, clock, &self.key)
            .map_err(anyhow::Error::from)
            .and_then(|certificate| {
                certificate.save(&self.file)?;
                Ok(certificate)
            });
        match issued {
            Ok(certificate) => Issuance::Issued {
                file: self.file.clone(),
                key_id: certificate.statement().signed_by.key_id.to_string(),
                root: certificate.statement().root.to_string(),
            },
            Err(error) => Issuance::Refused {
                reason: no_certificate(&error),
            },
        }
    }
}

/// The result of the certificate as one line of text.
pub fn line(issuance: &Issuance) -> String {
    match issuance {
        Issuance::Issued { file, key_id, root } => format!(
            "  certificate  {} signed with key {key_id}, root {root}\n",
            shown(file)
        ),
        Issuance::Refused { reason } => format!("  no certificate: {}\n", visible(reason)),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
