//! What a check of the evidence found.

use crossover_signing::KeyId;
use serde::Serialize;

use super::Run;

/// The result of a check, as the command writes it in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EvidenceReport {
    pub verdict: EvidenceVerdict,
    /// The folder, as it was named.
    pub folder: String,
    pub signature: SignatureState,
    /// The key of the signature; null where there is none, or an invalid one.
    pub signed_by: Option<KeyId>,
    /// The run that the manifest names; null where the manifest is missing or altered.
    pub run: Option<Run>,
    /// The version of Crossover that wrote the manifest; null like the run.
    pub tool_version: Option<String>,
    /// How many files are what the manifest says.
    pub unchanged: usize,
    /// Everything that is not as it was written, sorted by file.
    pub offences: Vec<Offence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EvidenceVerdict {
    /// There is no offence.
    Unchanged,
    /// There is one at least.
    Changed,
}

/// What the signature of the manifest proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignatureState {
    /// The signature is of the key that was given.
    Proven,
    /// The signature is of the key that the manifest itself names; none was given, so anyone can have signed.
    NotProven,
    /// The signature is correct, and of another key than the one that was given.
    OtherKey,
    /// There is no signature: only accidents are detected.
    Unsigned,
    /// The signature does not belong to the manifest.
    Invalid,
    /// There is no manifest that can be read.
    Unknown,
}

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offence {
    /// The name in the folder, or in the manifest; unusual bytes are escaped.
    pub file: String,
    pub fault: Fault,
    /// The name that the file has now, where it was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_to: Option<String>,
    /// The fault in words, with the file as the subject.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The content is another one.
    Changed,
    Missing,
    /// The manifest does not name it.
    Additional,
    /// The content has another name now.
    Renamed,
    /// A symbolic link: what it leads to is not part of the folder, and was not read.
    SymbolicLink,
    /// A folder, device or pipe.
    NotAFile,
    /// The manifest names a file outside the folder, or one that evidence cannot have. Nothing was read there.
    BadName,
    /// The manifest is signed with another key than the one that was given.
    OtherKey,
    /// The manifest is not signed, although a key was given.
    Unsigned,
}

impl Offence {
    /// A message may repeat a text from the manifest: nothing gets through that a terminal would obey.
    pub(crate) fn new(file: &str, fault: Fault, message: impl AsRef<str>) -> Self {
        let visible = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
        Self {
            file: file.to_owned(),
            fault,
            renamed_to: None,
            message: message.as_ref().chars().map(visible).collect(),
        }
    }
}
