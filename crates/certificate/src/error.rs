//! Why a certificate cannot be relied on, or cannot be created.

use super::{FORMAT, KeyId};

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The end of the file is not the one every certificate has.
    #[error(
        "the file does not end with a signature as certificates do: it is not a certificate, is incomplete, or its end was altered; get the \
         original file, or verify again"
    )]
    NoSignature,
    #[error(
        "the file cannot be read as a certificate ({reason}): it is not a certificate, or was altered; get the original file, or verify again"
    )]
    Unreadable { reason: String },
    #[error(
        "the certificate is of format {found}, this version reads {FORMAT}: it was made by another version of Crossover, or \
         altered; check it with the version that made it"
    )]
    OtherFormat { found: u32 },
    #[error(
        "the certificate was altered: its signature does not belong to its content; get the original file, or verify again"
    )]
    Altered,
    #[error(
        "the certificate is signed with the key {signer}, not with the trusted key {trusted}: it is another issuer's, or \
         forged; get the right public key from a source you trust, or verify again"
    )]
    ForeignKey { signer: KeyId, trusted: KeyId },
    #[error(
        "the certificate is signed, but not written in the one form of format {FORMAT}; check it with the version of \
         Crossover that made it, or verify again"
    )]
    OtherForm,
    #[error("the certificate is signed, but contradicts itself: {}; do not rely on this certificate, verify again", .faults.join("; "))]
    Unsound { faults: Vec<String> },
    #[error("the certificate cannot be written: {reason}; report this as a fault of Crossover")]
    Unwritable { reason: String },
}
