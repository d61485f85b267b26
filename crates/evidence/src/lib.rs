//! The evidence of one run: a folder of files and a manifest that names each of them with its SHA-256.
//!
//! [`Evidence::write`] writes the folder, whole or not at all; [`check`] reports everything in it that was changed since. What
//! goes in is for the caller to collect, and to keep free of secrets: [`redacted`] helps with JSON.
//!
//! ```text
//! run-7/
//!   manifest.json    an in-toto statement in a DSSE envelope: run, outcome, and the SHA-256 of every file
//!   SHA256SUMS       the same hashes and the manifest's, for `sha256sum --check`
//!   plan.json, ...   the files
//! ```
//! The manifest says what each file has to be. A signature says who wrote the manifest; where there is none, or
//! its key is not known from elsewhere, only accidents are detected, because anyone can write a manifest that fits.
//! `docs/evidence.md` describes the folder for those who check it with other tools.

mod check;
mod contents;
mod manifest;
mod redact;
mod report;
mod write;

pub use check::{CheckError, check};
pub use manifest::{PREDICATE_TYPE, Run};
pub use redact::{REDACTED, redacted};
pub use report::{EvidenceReport, EvidenceVerdict, Fault, Offence, SignatureState};
pub use write::{Evidence, WriteError, Written};

/// The name of the manifest in its folder.
pub const MANIFEST: &str = "manifest.json";
/// The name of the list of hashes in the form of `sha256sum`.
pub const SUMS: &str = "SHA256SUMS";
