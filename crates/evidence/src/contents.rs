//! What a folder really holds. No symbolic link is followed, and nothing but ordinary files is opened.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crossover_signing::Hash;
use rustix::fs::OFlags;

/// More than any manifest has; a larger file is none.
const LARGEST_MANIFEST: u64 = 16 * 1024 * 1024;

/// One entry of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    File,
    Link,
    /// A folder, a device, a pipe.
    Other,
}

/// Every entry by its name. A name that no file of the evidence can have is shown with its bytes escaped, so that it
/// cannot pass for another one or change what a terminal shows.
pub fn entries(folder: &Path) -> io::Result<BTreeMap<String, Entry>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let kind = if kind.is_symlink() {
            Entry::Link
        } else if kind.is_file() {
            Entry::File
        } else {
            Entry::Other
        };
        found.insert(shown(&entry.file_name()), kind);
    }
    Ok(found)
}

/// A name for messages and reports.
pub fn shown(name: &OsStr) -> String {
    name.as_encoded_bytes().escape_ascii().to_string()
}

/// The hash of an ordinary file.
pub fn hash(path: &Path) -> io::Result<Hash> {
    Hash::of_reader(&mut open(path)?)
}

/// The bytes of an ordinary file that is not too large for a manifest.
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(LARGEST_MANIFEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_MANIFEST {
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            "too large for a manifest",
        ));
    }
    Ok(bytes)
}

/// The entry was an ordinary file when the folder was listed, and must be one still: a link is an error, and a
/// pipe does not wait for a writer.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(ErrorKind::InvalidData, "not an ordinary file"))
    }
}
