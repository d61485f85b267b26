//! Certificates in files.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{
    Certificate, CertificateError, KeyError,
    key_file::{beside, write_new},
};

/// Everybody may read a certificate.
const MODE: u32 = 0o644;

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
    #[error(transparent)]
    Random(#[from] KeyError),
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
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or_else(|| Path::new("."));
        if folder.is_dir() {
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
        let beside = beside(path)?;
        let written = write_new(&beside, &bytes, MODE).and_then(|()| fs::hard_link(&beside, path));
        // It may never have been written; what matters is told by `written`.
        let _ = fs::remove_file(&beside);
        written.map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => FileError::Exists(path.to_owned()),
            _ => FileError::Writing {
                path: path.to_owned(),
                source,
            },
        })
    }
}
