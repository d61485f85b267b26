//! Certificates in files.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crossover_atomic_file::{Readers, create, folder};

use super::{Certificate, CertificateError};

/// Why a certificate is not in its file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(
        "{} exists already, and certificates are never overwritten; move it away, or name another file", .0.display()
    )]
    Exists(PathBuf),
    #[error("the folder of {} does not exist; create it, or name another file", .0.display())]
    NoFolder(PathBuf),
    #[error("writing the certificate {} failed; see that you may write into its folder", .path.display())]
    Writing {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl Certificate {
    /// Whether a certificate can be put there, asked before hours of comparing.
    ///
    /// # Errors
    /// There is something by this name, or no such folder.
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

    /// Puts the certificate there: whole or not at all, and never over something else.
    ///
    /// # Errors
    /// There is something by this name; it cannot be written.
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
