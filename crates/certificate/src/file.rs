//! Certificates in files.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crossover_atomic_file::{Readers, create, folder};

use super::{Certificate, CertificateError};

/// Why a certificate could not be written to its file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(
        "{} exists already, and certificates are never overwritten; move the existing file, or name another file", .0.display()
    )]
    Exists(PathBuf),
    #[error("the folder of {} does not exist; create it, or name another file", .0.display())]
    NoFolder(PathBuf),
    #[error("writing the certificate {} failed; check that you have write permission for its folder", .path.display())]
    Writing {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl Certificate {
    /// Checks whether a certificate can be written to this path, before hours of comparison.
    ///
    /// # Errors
    /// The path exists, or its folder does not.
    pub fn may_be_saved(path: &Path) -> Result<(), FileError> {
        if path.symlink_metadata().is_ok() {
            return Err(FileError::Exists(path.to_owned()));
        }
        if folder(path).is_dir() {
            Ok(())
        } else {
            Err(FileError::NoFolder(path.to_owned()))
        }
    }

    /// Writes the certificate completely or not at all, and never over an existing file.
    ///
    /// # Errors
    /// The path exists; the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        let bytes = self.to_bytes()?;
        create(path, &bytes, Readers::Everybody).map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => FileError::Exists(path.to_owned()),
            _ => FileError::Writing {
                path: path.to_owned(),
                source,
            },
        })
    }
}
