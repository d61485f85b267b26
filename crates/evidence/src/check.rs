//! Checking the folder: every difference from its manifest at once.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crossover_signing::{Hash, PublicKey};

use super::{
    EvidenceReport, EvidenceVerdict, Fault, MANIFEST, Offence, SUMS, SignatureState,
    contents::{self, Entry},
    manifest::{self, Manifest, is_file_name},
};

/// Why the evidence could not be checked, which says nothing about whether it was changed.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("the folder {} does not exist; name the folder of one run's evidence", .0.display())]
    NoFolder(PathBuf),
    #[error("{} is no folder; name the folder of one run's evidence", .0.display())]
    NotAFolder(PathBuf),
    #[error("reading {} failed; check that you may read it, and that nothing writes there", .path.display())]
    Reading {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Compares a folder with its manifest, and the manifest with its signature. With a `trusted` key the manifest has to be signed with
/// that key; without, only [`SignatureState`] says what the signature is worth.
///
/// # Errors
/// The folder, or a file in it, cannot be read.
pub fn check(folder: &Path, trusted: Option<&PublicKey>) -> Result<EvidenceReport, CheckError> {
    let entries = contents::entries(folder).map_err(|source| match source.kind() {
        ErrorKind::NotFound => CheckError::NoFolder(folder.to_owned()),
        ErrorKind::NotADirectory => CheckError::NotAFolder(folder.to_owned()),
        _ => reading(folder)(source),
    })?;
    let mut offences: Vec<Offence> = entries
        .iter()
        .filter_map(|(name, entry)| no_file(name, *entry))
        .collect();
    let manifest = read_own(folder, &entries, MANIFEST, &mut offences)?;
    let sums = read_own(folder, &entries, SUMS, &mut offences)?;
    let read = manifest.as_deref().map(Manifest::read);
    let mut report = EvidenceReport {
        verdict: EvidenceVerdict::Changed,
        folder: folder.display().to_string(),
        signature: SignatureState::Unknown,
        signed_by: None,
        run: None,
        tool_version: None,
        unchanged: 0,
        offences: Vec::new(),
    };
    match (read, manifest) {
        (Some(Ok(read)), Some(bytes)) => {
            report.signature = state(&read, trusted);
            offences.extend(against(&report, &read, trusted));
            offences.extend(sums.and_then(|sums| sums_differ(&sums, &bytes, &read, report.signature)));
            let (unchanged, differences) = files(folder, &entries, &read)?;
            report.unchanged = unchanged;
            offences.extend(differences);
            if report.signature != SignatureState::Invalid {
                report.signed_by = read.predicate.signed_by.map(|signer| signer.key_id);
                report.run = Some(read.predicate.run);
                report.tool_version = Some(read.predicate.tool_version);
            }
        }
        (Some(Err(error)), _) => {
            offences.push(Offence::new(
                MANIFEST,
                Fault::Changed,
                format!("is no manifest: {error}"),
            ));
        }
        (None, _) | (Some(_), None) => {}
    }
    offences.sort();
    if offences.is_empty() {
        report.verdict = EvidenceVerdict::Unchanged;
    }
    report.offences = offences;
    Ok(report)
}

fn reading(path: &Path) -> impl FnOnce(io::Error) -> CheckError {
    move |source| CheckError::Reading {
        path: path.to_owned(),
        source,
    }
}

fn no_file(name: &str, entry: Entry) -> Option<Offence> {
    match entry {
        Entry::File => None,
        Entry::Link => Some(Offence::new(
            name,
            Fault::SymbolicLink,
            "is a symbolic link; where it leads was not read",
        )),
        Entry::Other => Some(Offence::new(
            name,
            Fault::NotAFile,
            "is not an ordinary file; evidence has no others",
        )),
    }
}

/// The bytes of the manifest or of the list of hashes; none, with the offence, where it is missing.
fn read_own(
    folder: &Path,
    entries: &BTreeMap<String, Entry>,
    name: &str,
    offences: &mut Vec<Offence>,
) -> Result<Option<Vec<u8>>, CheckError> {
    match entries.get(name) {
        Some(Entry::File) => {}
        Some(_) => return Ok(None),
        None => {
            offences.push(Offence::new(
                name,
                Fault::Missing,
                "is missing; every folder of evidence has it",
            ));
            return Ok(None);
        }
    }
    let path = folder.join(name);
    match contents::bytes(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            offences.push(Offence::new(
                name,
                Fault::Changed,
                "is larger than any that was ever written",
            ));
            Ok(None)
        }
        Err(error) => Err(reading(&path)(error)),
    }
}

fn state(manifest: &Manifest, trusted: Option<&PublicKey>) -> SignatureState {
    let signer = manifest
        .predicate
        .signed_by
        .as_ref()
        .map(|signer| &signer.public_key);
    if manifest.is_unsigned() {
        SignatureState::Unsigned
    } else if !manifest.is_signed_as_it_says() {
        SignatureState::Invalid
    } else if trusted.is_none() {
        SignatureState::NotProven
    } else if signer == trusted {
        SignatureState::Proven
    } else {
        SignatureState::OtherKey
    }
}

/// What the signature says against the manifest.
fn against(report: &EvidenceReport, manifest: &Manifest, trusted: Option<&PublicKey>) -> Option<Offence> {
    let (fault, message) = match (report.signature, trusted) {
        (SignatureState::Invalid, _) => (
            Fault::Changed,
            "was changed: its signature does not belong to its content".to_owned(),
        ),
        (SignatureState::OtherKey, Some(trusted)) => {
            let signer = manifest.predicate.signed_by.as_ref();
            let signer = signer.map(|signer| signer.key_id.to_string()).unwrap_or_default();
            let message = format!(
                "is signed with the key {signer}, not with the given key {}: it is of somebody else, or forged",
                trusted.key_id()
            );
            (Fault::OtherKey, message)
        }
        (SignatureState::Unsigned, Some(trusted)) => {
            let message = format!(
                "is not signed, and a signature of the key {} was asked for: nothing says who wrote it",
                trusted.key_id()
            );
            (Fault::Unsigned, message)
        }
        _ => return None,
    };
    Some(Offence::new(MANIFEST, fault, message))
}

/// The list of hashes follows from the manifest. Without a signature it is the only thing that shows that a byte of
/// the manifest itself was changed.
fn sums_differ(sums: &[u8], bytes: &[u8], manifest: &Manifest, signature: SignatureState) -> Option<Offence> {
    let hash = Hash::of(bytes);
    if sums == manifest::sums(&manifest.files, hash).as_bytes() {
        return None;
    }
    let line = manifest::sum(MANIFEST, hash);
    let fits = sums
        .split_inclusive(|byte| *byte == b'\n')
        .any(|found| found == line.as_bytes());
    match signature {
        _ if fits => {}
        SignatureState::Proven | SignatureState::NotProven | SignatureState::OtherKey => {}
        // The manifest was changed, and that is reported already.
        SignatureState::Invalid => return None,
        SignatureState::Unsigned | SignatureState::Unknown => {
            let message = format!("does not have the hash that {SUMS} names: one of the two was changed");
            return Some(Offence::new(MANIFEST, Fault::Changed, message));
        }
    }
    let message = "does not have the hashes that the manifest names";
    Some(Offence::new(SUMS, Fault::Changed, message))
}

/// How many files are as the manifest says, and what is different.
fn files(
    folder: &Path,
    entries: &BTreeMap<String, Entry>,
    manifest: &Manifest,
) -> Result<(usize, Vec<Offence>), CheckError> {
    let (mut unchanged, mut offences) = (0, Vec::new());
    let mut missing: BTreeMap<&str, Hash> = BTreeMap::new();
    for (name, expected) in &manifest.files {
        if !is_file_name(name) {
            let message =
                "is no name of a file in this folder, although the manifest has it; nothing was read there";
            let shown = contents::shown(name.as_ref());
            offences.push(Offence::new(&shown, Fault::BadName, message));
            continue;
        }
        match entries.get(name) {
            None => {
                missing.insert(name, *expected);
            }
            Some(Entry::File) if hash(folder, name)? == *expected => unchanged += 1,
            Some(Entry::File) => {
                let message = "is not what it was: its SHA-256 is not the one in the manifest";
                offences.push(Offence::new(name, Fault::Changed, message));
            }
            Some(Entry::Link | Entry::Other) => {}
        }
    }
    for (name, _) in entries.iter().filter(|(name, entry)| {
        **entry == Entry::File
            && ![MANIFEST, SUMS].contains(&name.as_str())
            && !manifest.files.contains_key(*name)
    }) {
        // A name with an escaped byte is not the real one.
        let moved = if name.contains('\\') || missing.is_empty() {
            None
        } else {
            let found = hash(folder, name)?;
            missing
                .iter()
                .find(|(_, expected)| **expected == found)
                .map(|(from, _)| *from)
        };
        offences.push(match moved {
            Some(from) => {
                missing.remove(from);
                Offence {
                    renamed_to: Some(name.clone()),
                    ..Offence::new(from, Fault::Renamed, format!("is called {name} now"))
                }
            }
            None => Offence::new(
                name,
                Fault::Additional,
                "is not in the manifest: it was added later",
            ),
        });
    }
    let gone = |name: &&str| Offence::new(name, Fault::Missing, "is missing, and the manifest has it");
    offences.extend(missing.keys().map(gone));
    Ok((unchanged, offences))
}

fn hash(folder: &Path, name: &str) -> Result<Hash, CheckError> {
    let path = folder.join(name);
    contents::hash(&path).map_err(reading(&path))
}
