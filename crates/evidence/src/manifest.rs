//! The manifest: an in-toto Statement v1 in a DSSE envelope.

use std::collections::BTreeMap;

use crossover_core::Direction;
use crossover_signing::{
    Hash, SignedBy, SigningKey,
    dsse::{Envelope, InvalidEnvelope},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::MANIFEST;

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// What the statement says of its files. The URL is a name that never changes its meaning, not a place:
/// `.example` belongs to nobody (RFC 2606).
pub const PREDICATE_TYPE: &str = "https://crossover.example/docs/evidence/v1";

/// The run that the evidence is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub run_id: String,
    pub migration_id: String,
    pub lane: String,
    /// `forward` for a cutover, `reverse` for a rollback.
    pub direction: Direction,
    /// How the run ended, or that it goes on.
    pub outcome: String,
    pub began_at: Timestamp,
    /// None while the run goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When the files were collected.
    pub collected_at: Timestamp,
}

/// The predicate: what the statement says of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predicate {
    pub run: Run,
    /// The version of Crossover that collected the files.
    pub tool_version: String,
    /// The key of the signature; none in a manifest without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<SignedBy>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    sha256: Hash,
}

/// The fields required before a statement of any kind can be read.
#[derive(Deserialize)]
struct Outline {
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

/// A manifest as it was read; that it was not altered has to be asked of its envelope.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub envelope: Envelope,
    pub predicate: Predicate,
    /// The hash of every file, by its name.
    pub files: BTreeMap<String, Hash>,
}

/// Why bytes are no manifest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidManifest {
    #[error(transparent)]
    Envelope(#[from] InvalidEnvelope),
    #[error("its payload is of the type {0:?}, not {PAYLOAD_TYPE:?}")]
    OtherPayload(String),
    #[error(
        "it says {0:?} of its files, and this version reads {PREDICATE_TYPE:?}; check it with the version that made it"
    )]
    OtherPredicate(String),
    #[error("its statement cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("its statement is not written in the one form of its kind: files sorted, each named once")]
    OtherForm,
}

/// The bytes of a manifest.
pub(crate) fn bytes(
    run: &Run,
    files: &BTreeMap<String, Hash>,
    key: Option<&SigningKey>,
) -> Result<Vec<u8>, InvalidManifest> {
    let predicate = Predicate {
        run: run.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        signed_by: key.map(|key| SignedBy::of(&key.public_key())),
    };
    let payload = payload(predicate, files)?;
    let envelope = match key {
        Some(key) => Envelope::signed(PAYLOAD_TYPE, payload, key),
        None => Envelope::unsigned(PAYLOAD_TYPE, payload),
    };
    Ok(envelope.to_bytes()?)
}

fn payload(predicate: Predicate, files: &BTreeMap<String, Hash>) -> Result<Vec<u8>, serde_json::Error> {
    let subject = |(name, hash): (&String, &Hash)| Subject {
        name: name.clone(),
        digest: Digest { sha256: *hash },
    };
    serde_json::to_vec(&Statement {
        kind: STATEMENT_TYPE.to_owned(),
        subject: files.iter().map(subject).collect(),
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate,
    })
}

impl Manifest {
    /// Reads a manifest that is written in its one form.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidManifest> {
        let envelope = Envelope::from_bytes(bytes)?;
        if envelope.payload_type() != PAYLOAD_TYPE {
            return Err(InvalidManifest::OtherPayload(envelope.payload_type().to_owned()));
        }
        let outline: Outline = serde_json::from_slice(envelope.payload())?;
        if outline.predicate_type != PREDICATE_TYPE {
            return Err(InvalidManifest::OtherPredicate(outline.predicate_type));
        }
        let statement: Statement = serde_json::from_slice(envelope.payload())?;
        let subjects = statement.subject.into_iter();
        let files = subjects
            .map(|subject| (subject.name, subject.digest.sha256))
            .collect();
        // Also finds a file that is named twice.
        if payload(statement.predicate.clone(), &files)? != envelope.payload() {
            return Err(InvalidManifest::OtherForm);
        }
        Ok(Self {
            envelope,
            predicate: statement.predicate,
            files,
        })
    }

    /// Whether the manifest is signed, as its predicate says, and by the key that it names.
    pub fn is_signed_as_it_says(&self) -> bool {
        match &self.predicate.signed_by {
            Some(signer) => {
                *signer == SignedBy::of(&signer.public_key) && self.envelope.is_signed_by(&signer.public_key)
            }
            None => false,
        }
    }

    /// Whether it has neither a signature nor the name of a key.
    pub const fn is_unsigned(&self) -> bool {
        self.predicate.signed_by.is_none() && !self.envelope.is_signed()
    }
}

/// Whether this is a name that a file of the evidence may have: one that means the same file on every system, and
/// never one elsewhere.
pub(crate) fn is_file_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.bytes().next().is_some_and(is_plain)
        && name.bytes().all(|byte| is_plain(byte) || b"._-".contains(&byte))
        && name.len() <= 200
        && name != MANIFEST
}

/// The list of hashes as `sha256sum` writes and reads it.
pub(crate) fn sums(files: &BTreeMap<String, Hash>, manifest: Hash) -> String {
    let mut all: BTreeMap<&str, Hash> = files.iter().map(|(name, hash)| (name.as_str(), *hash)).collect();
    all.insert(MANIFEST, manifest);
    all.iter().map(|(name, hash)| sum(name, *hash)).collect()
}

/// One line of that list.
pub(crate) fn sum(name: &str, hash: Hash) -> String {
    format!("{hash}  {name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_stay_in_the_folder_are_names() {
        for name in ["plan.json", "0", "a..b", "lane-audit_2.json"] {
            assert!(is_file_name(name), "{name}");
        }
        let long = "a".repeat(201);
        for name in [
            "",
            ".",
            "..",
            "../a",
            "/etc/passwd",
            "a/b",
            "a\\b",
            ".hidden",
            "-a",
            "A",
            "ä",
            "a b",
            "a\n",
            "a\0",
            "manifest.json",
            &long,
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
