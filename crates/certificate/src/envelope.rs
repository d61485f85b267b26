//! The file: a JSON document whose last two lines are the signature over all lines before them.
//!
//! ```text
//! {
//!   "statement": {
//!     ...
//!   },
//!   "signature": "<base64, 88 characters>"
//! }
//! ```
//! The signature covers bytes, not a meaning: a check needs no agreement on how JSON is written, and other
//! whitespace is another file. The last two lines can be written in only one way. In addition the statement
//! is serialized again after it was read and has to give the same bytes, so that one certificate is one file,
//! in one form.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{CertificateError, FORMAT, PublicKey, SigningKey, Statement};

const BEFORE_SIGNATURE: &[u8] = b"  \"signature\": \"";
const AFTER_SIGNATURE: &[u8] = b"\"\n}\n";
/// Base64 characters of a signature's 64 bytes.
const SIGNATURE_TEXT: usize = 88;
const END: usize = BEFORE_SIGNATURE.len() + SIGNATURE_TEXT + AFTER_SIGNATURE.len();

/// An Ed25519 signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature(Vec<u8>);

#[derive(Serialize)]
struct Written<'a> {
    statement: &'a Statement,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CertificateFile {
    statement: Statement,
    #[serde(rename = "signature")]
    _signature: String,
}

/// The fields required before a statement of any format can be read.
#[derive(Deserialize)]
struct Outline {
    statement: OutlineStatement,
}

#[derive(Deserialize)]
struct OutlineStatement {
    format: u32,
    signed_by: OutlineSigner,
}

#[derive(Deserialize)]
struct OutlineSigner {
    public_key: PublicKey,
}

/// A file with a correct signature, by the key in the file.
pub(super) struct Sealed<'a> {
    bytes: &'a [u8],
    signed: &'a [u8],
    pub(super) signer: PublicKey,
    pub(super) signature: Signature,
}

/// Signs a statement.
pub(super) fn sign(statement: &Statement, key: &SigningKey) -> Result<Signature, CertificateError> {
    Ok(Signature(key.sign(&signed_part(statement)?)))
}

/// Returns the bytes of the file.
pub(super) fn write(statement: &Statement, signature: &Signature) -> Result<Vec<u8>, CertificateError> {
    let signature = STANDARD.encode(&signature.0);
    let parts = [
        &signed_part(statement)?,
        BEFORE_SIGNATURE,
        signature.as_bytes(),
        AFTER_SIGNATURE,
    ];
    Ok(parts.concat())
}

/// All lines before the signature's.
fn signed_part(statement: &Statement) -> Result<Vec<u8>, CertificateError> {
    let unwritable = |error: serde_json::Error| CertificateError::Unwritable {
        reason: error.to_string(),
    };
    let mut bytes = serde_json::to_vec_pretty(&Written { statement }).map_err(unwritable)?;
    // The closing brace is after the signature.
    bytes.truncate(bytes.len().saturating_sub("\n}".len()));
    bytes.extend_from_slice(b",\n");
    Ok(bytes)
}

/// Finds the signature and checks it before any other content is used.
pub(super) fn open(bytes: &[u8]) -> Result<Sealed<'_>, CertificateError> {
    let (signed, signature) = split(bytes).ok_or(CertificateError::NoSignature)?;
    let outline: Outline = serde_json::from_slice(bytes).map_err(|error| CertificateError::Unreadable {
        reason: error.to_string(),
    })?;
    let OutlineStatement { format, signed_by } = outline.statement;
    if format != FORMAT {
        return Err(CertificateError::OtherFormat { found: format });
    }
    if !signed_by.public_key.verifies(signed, &signature.0) {
        return Err(CertificateError::Altered);
    }
    Ok(Sealed {
        bytes,
        signed,
        signer: signed_by.public_key,
        signature,
    })
}

fn split(bytes: &[u8]) -> Option<(&[u8], Signature)> {
    let (signed, end) = bytes.split_at_checked(bytes.len().checked_sub(END)?)?;
    let text = end
        .strip_prefix(BEFORE_SIGNATURE)?
        .strip_suffix(AFTER_SIGNATURE)?;
    // The decoder accepts one form of base64 only: spare bits that are set, or other padding, are refused.
    STANDARD.decode(text).ok().map(|bytes| (signed, Signature(bytes)))
}

impl Sealed<'_> {
    /// The signed statement, in its only valid form.
    pub(super) fn statement(&self) -> Result<Statement, CertificateError> {
        let read: CertificateFile =
            serde_json::from_slice(self.bytes).map_err(|error| CertificateError::Unreadable {
                reason: error.to_string(),
            })?;
        if signed_part(&read.statement)? == self.signed {
            Ok(read.statement)
        } else {
            Err(CertificateError::OtherForm)
        }
    }
}
