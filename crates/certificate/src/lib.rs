//! Signed certificates of equal databases, which can be shown and checked later.
//!
//! The life of one certificate:
//! 1. [`Conditions::read`] reads the conditions of both sides **before the first row**: a write made while
//!    the rows are read must raise counters the certificate contains, or the write would not be noticed.
//! 2. The rows are compared and both sides' chunks written into a [`Comparison`]. Only [`Comparison::equal`]
//!    returns an [`EqualComparison`], and only [`EqualComparison::certify`] makes a new [`Certificate`]:
//!    databases that differ cannot be certified, because the type does not exist for them.
//!    [`Certificate::issue`] does all this from the report of a comparison.
//! 3. [`Certificate::to_bytes`] is the file; [`Certificate::check`] reads the file and detects any
//!    changed byte.
//! 4. [`Conditions::still_hold`] reports whether the certificate still holds for the current databases.
//! 5. [`Certificate::prove`] extracts one chunk, which can be compared again without the rest.
//!
//! `docs/certificates.md` describes the file for those who check it with other tools.

mod comparison;
mod conditions;
mod document;
mod envelope;
mod error;
mod file;
mod issue;
mod merkle;
mod proof;
mod reading;
mod soundness;
mod stale;
mod statement;
#[cfg(test)]
mod tests;
mod whole_number;

use std::fmt;

use crossover_core::catalogue::TableName;

pub use comparison::{
    ChunkDigest, ComparedChunk, ComparedTable, Comparison, EqualComparison, NotCertifiable,
};
pub use conditions::{Conditions, SideConditions, WriteCounters};
pub use crossover_signing::{Hash, InvalidHash, KeyError, KeyId, PublicKey, SignedBy, SigningKey};
pub use document::{Issuance, ReportDocument};
#[cfg(feature = "schema")]
pub use envelope::CertificateFile;
pub use error::CertificateError;
pub use file::FileError;
pub use issue::{CannotCertify, certified_scope};
pub use proof::{InclusionProof, ProofError, ProvenTable};
pub use stale::{Stale, Unread};
pub use statement::{CertifiedTable, Chunk, FORMAT, How, Method, Outcome, SideFacts, Sides, Statement};
pub use whole_number::{InvalidWholeNumber, WholeNumber};

/// A statement and its issuer's signature. The only constructors are [`EqualComparison::certify`] and
/// [`Certificate::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    statement: Statement,
    signature: envelope::Signature,
}

/// The origin of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Signed by the key the caller trusts: the certificate is unaltered and from that issuer.
    Pinned,
    /// Unaltered since it was signed, but the signer is unknown: a forger can sign with a different key.
    Unpinned,
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pinned => "unaltered, and signed by the trusted key",
            Self::Unpinned => {
                "unaltered since it was signed, but the signer is not proven: anyone can sign with a key of their own; \
                 check again with the issuer's public key"
            }
        })
    }
}

/// A certificate that passed every check, and the trust in its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub certificate: Certificate,
    pub trust: Trust,
}

impl Certificate {
    /// Checks a certificate file, byte by byte: its signature, its form, and that the content is consistent.
    /// With a `trusted` key the file has to be signed with that key; without, [`Trust::Unpinned`] states that
    /// its origin is not proven.
    pub fn check(bytes: &[u8], trusted: Option<&PublicKey>) -> Result<Checked, CertificateError> {
        let sealed = envelope::open(bytes)?;
        let trust = match trusted {
            None => Trust::Unpinned,
            Some(key) if *key == sealed.signer => Trust::Pinned,
            Some(key) => {
                return Err(CertificateError::ForeignKey {
                    signer: sealed.signer.key_id(),
                    trusted: key.key_id(),
                });
            }
        };
        let statement = sealed.statement()?;
        let faults = statement.faults();
        if !faults.is_empty() {
            return Err(CertificateError::Unsound { faults });
        }
        let signature = sealed.signature;
        Ok(Checked {
            certificate: Self { statement, signature },
            trust,
        })
    }

    /// The certificate file, exactly: [`Certificate::check`] accepts these bytes and no others.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CertificateError> {
        envelope::write(&self.statement, &self.signature)
    }

    /// The certified statement.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The conditions that must still hold for the certificate to be valid for the databases.
    pub fn conditions(&self) -> Conditions {
        Conditions::of(&self.statement)
    }

    /// Extracts one chunk, with the proof that it belongs to this certificate's root.
    pub fn prove(&self, table: &TableName, chunk: u32) -> Result<InclusionProof, ProofError> {
        proof::prove(&self.statement, table, chunk)
    }
}
