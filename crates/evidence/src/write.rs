//! Writing the folder.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crossover_atomic_file::{Readers, replace_folder};
use crossover_signing::{Hash, KeyId, SigningKey};

use super::{
    MANIFEST, Run, SUMS, contents,
    manifest::{self, Manifest, is_file_name},
};

/// The evidence of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub run: Run,
    /// The files by name: lower-case letters, digits, `.`, `_` and `-`. None may hold a secret.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// How many files, without the manifest and the list of hashes.
    pub files: usize,
    pub signed_by: Option<KeyId>,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, signed_by } = self;
        let plural = if *files == 1 { "file" } else { "files" };
        match signed_by {
            Some(key) => write!(f, "{files} {plural} and a manifest signed with the key {key}"),
            None => write!(
                f,
                "{files} {plural} and a manifest that is NOT SIGNED: a check finds accidents, and nothing that was forged"
            ),
        }
    }
}

/// Why the evidence was not written. What was there before is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("the evidence of the run {run_id} has no file: there is nothing to prove")]
    Empty { run_id: String },
    #[error(
        "files of the evidence cannot have the names {}: use lower-case letters, digits, '.', '_' and '-', begin with a letter or digit, and \
         leave {MANIFEST} to the manifest", .0.join(", ")
    )]
    BadNames(Vec<String>),
    #[error("{} is there and is no folder (a symbolic link is none either); name another folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("{} is not empty and holds no evidence that can be read ({reason}); name another folder", .folder.display())]
    NotEvidence { folder: PathBuf, reason: String },
    #[error("{} holds the evidence of the run {found}, not of {ours}; name another folder", .folder.display())]
    OtherRun {
        folder: PathBuf,
        found: String,
        ours: String,
    },
    #[error(
        "{} also holds what is no evidence ({}), and would lose it; move it away, or name another folder", .folder.display(), .names.join(", ")
    )]
    ForeignFiles { folder: PathBuf, names: Vec<String> },
    #[error(
        "the evidence in {} is signed, and this one would not be; give the signing key, or name another folder", .0.display()
    )]
    WouldLoseSignature(PathBuf),
    #[error("{doing} the folder {} failed; check that the folder above it exists and that you may write there", .folder.display())]
    File {
        doing: &'static str,
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the manifest cannot be written ({0}); report this as a fault of Crossover")]
    Unwritable(String),
}

impl Evidence {
    /// Writes the folder, whole or not at all. Earlier evidence of the same run is replaced as a whole; nothing else ever is. The folder
    /// above must exist.
    ///
    /// # Errors
    /// Every [`WriteError`]; nothing was changed then.
    pub fn write(&self, folder: &Path, key: Option<&SigningKey>) -> Result<Written, WriteError> {
        if self.files.is_empty() {
            let run_id = self.run.run_id.clone();
            return Err(WriteError::Empty { run_id });
        }
        let bad: Vec<String> = self
            .files
            .keys()
            .filter(|name| !is_file_name(name))
            .map(|name| format!("{name:?}"))
            .collect();
        if !bad.is_empty() {
            return Err(WriteError::BadNames(bad));
        }
        self.may_replace(folder, key)?;
        let hashes = self
            .files
            .iter()
            .map(|(name, bytes)| (name.clone(), Hash::of(bytes)))
            .collect();
        let manifest = manifest::bytes(&self.run, &hashes, key)
            .map_err(|error| WriteError::Unwritable(error.to_string()))?;
        let sums = manifest::sums(&hashes, Hash::of(&manifest));
        let own = [(MANIFEST, manifest.as_slice()), (SUMS, sums.as_bytes())];
        let files = self
            .files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        replace_folder(folder, files.chain(own), Readers::Everybody).map_err(failed("writing", folder))?;
        Ok(Written {
            files: self.files.len(),
            signed_by: key.map(|key| key.public_key().key_id()),
        })
    }

    /// Fails unless the place is free, or holds earlier evidence of this run and nothing besides.
    fn may_replace(&self, folder: &Path, key: Option<&SigningKey>) -> Result<(), WriteError> {
        match folder.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("reading", folder)(error)),
            Ok(about) if !about.is_dir() => return Err(WriteError::NotAFolder(folder.to_owned())),
            Ok(_) => {}
        }
        let entries = contents::entries(folder).map_err(failed("reading", folder))?;
        if entries.is_empty() {
            return Ok(());
        }
        let found = contents::bytes(&folder.join(MANIFEST))
            .map_err(|error| format!("{MANIFEST}: {error}"))
            .and_then(|bytes| Manifest::read(&bytes).map_err(|error| format!("{MANIFEST}: {error}")));
        let found = found.map_err(|reason| WriteError::NotEvidence {
            folder: folder.to_owned(),
            reason,
        })?;
        let there = &found.predicate.run.run_id;
        if *there != self.run.run_id {
            return Err(WriteError::OtherRun {
                folder: folder.to_owned(),
                found: there.clone(),
                ours: self.run.run_id.clone(),
            });
        }
        let is_ours = |name: &str| [MANIFEST, SUMS].contains(&name) || found.files.contains_key(name);
        let names: Vec<String> = entries.into_keys().filter(|name| !is_ours(name)).collect();
        if !names.is_empty() {
            let folder = folder.to_owned();
            return Err(WriteError::ForeignFiles { folder, names });
        }
        if key.is_none() && !found.is_unsigned() {
            return Err(WriteError::WouldLoseSignature(folder.to_owned()));
        }
        Ok(())
    }
}

fn failed(doing: &'static str, folder: &Path) -> impl FnOnce(io::Error) -> WriteError {
    move |source| WriteError::File {
        doing,
        folder: folder.to_owned(),
        source,
    }
}
