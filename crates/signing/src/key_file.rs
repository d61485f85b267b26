//! Keys in files.

use std::{
    fs,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crossover_atomic_file::{Readers, create, replace};
use crossover_core::Secret;

use super::{KeyError, PublicKey, SigningKey};

/// All permissions of group and others.
const OTHERS: u32 = 0o077;

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> KeyError {
    move |source| KeyError::File {
        doing,
        path: path.to_owned(),
        source,
    }
}

impl SigningKey {
    /// Returns the key in this file; if the file does not exist, creates a key that only the owner can read
    /// (mode 0600).
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        match Self::load(path) {
            Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                publish(path, &Self::generate()?)?;
                // Another process may have created the file first: then its key is used.
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// The same, and writes the public key of a new key to `FILE.pub` for those who check signatures. Never
    /// overwrites another key.
    pub fn load_or_create_pair(path: &Path) -> Result<Self, KeyError> {
        let mut public = path.as_os_str().to_owned();
        public.push(".pub");
        let public = PathBuf::from(public);
        if path.exists() {
            return Self::load(path);
        }
        if public.exists() {
            return Err(KeyError::Orphan {
                path: path.to_owned(),
                public,
            });
        }
        let key = Self::load_or_create(path)?;
        key.public_key().save(&public)?;
        Ok(key)
    }

    /// Returns the key in this file, which only its owner may use.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let mut file = fs::File::open(path).map_err(failed("reading", path))?;
        // Checks the open file, not the name, which could refer to another file by now.
        let about = file.metadata().map_err(failed("reading", path))?;
        let mode = about.permissions().mode() & 0o777;
        if mode & OTHERS != 0 {
            let path = path.to_owned();
            return Err(KeyError::OpenToOthers { path, mode });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed("reading", path))?;
        Self::from_pem(&Secret::new(text)).map_err(|error| match error {
            KeyError::NotAPrivateKey { reason } => KeyError::BrokenFile {
                path: path.to_owned(),
                reason,
            },
            other => other,
        })
    }
}

impl PublicKey {
    /// Returns the key in this file, PEM or base64.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let text = fs::read_to_string(path).map_err(failed("reading", path))?;
        Self::from_text(&text)
    }

    /// Writes the key to this file as PEM, for everyone who checks signatures.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        replace(path, self.to_pem().as_bytes(), Readers::Everybody).map_err(failed("writing", path))
    }
}

/// Writes the key unless the file exists.
fn publish(path: &Path, key: &Secret<String>) -> Result<(), KeyError> {
    create(path, key.expose().as_bytes(), Readers::Owner)
        .or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })
        .map_err(failed("creating", path))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        let made = SigningKey::load_or_create(&path).unwrap();
        let found = SigningKey::load_or_create(&path).unwrap();
        assert_eq!(made.public_key(), found.public_key());
        assert_eq!(mode(&path), 0o600);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "a temporary file was left next to the key"
        );
    }

    #[test]
    fn a_new_key_gets_a_public_key_file_and_an_existing_one_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (path, public) = (folder.path().join("k.pem"), folder.path().join("k.pem.pub"));
        let key = SigningKey::load_or_create_pair(&path).unwrap().public_key();
        assert_eq!(PublicKey::load(&public).unwrap(), key);
        fs::remove_file(&public).unwrap();
        SigningKey::load_or_create_pair(&path).unwrap();
        assert!(!public.exists(), "written once, when the key is made");

        key.save(&public).unwrap();
        fs::remove_file(&path).unwrap();
        let refused = SigningKey::load_or_create_pair(&path).unwrap_err().to_string();
        assert!(
            refused.contains("k.pem.pub") && refused.contains("restore"),
            "{refused}"
        );
        assert!(!path.exists());
        assert_eq!(PublicKey::load(&public).unwrap(), key);
    }

    #[test]
    fn processes_that_start_together_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        let keys = thread::scope(|scope| {
            let load = || SigningKey::load_or_create(&path).unwrap().public_key();
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(load)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_may_use_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        SigningKey::load_or_create(&path).unwrap();
        for open in [0o604, 0o640, 0o602, 0o620, 0o610, 0o601, 0o644, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let refused = SigningKey::load_or_create(&path).unwrap_err().to_string();
            let remedy = format!("chmod 600 {}", path.display());
            assert!(
                refused.contains(&remedy) && refused.contains(&format!("{open:03o}")),
                "{refused}"
            );
        }
        for closed in [0o600, 0o400, 0o700] {
            fs::set_permissions(&path, fs::Permissions::from_mode(closed)).unwrap();
            SigningKey::load_or_create(&path).unwrap();
        }
    }

    #[test]
    fn a_broken_key_file_is_named_and_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        create(&path, b"hunter2", Readers::Owner).unwrap();
        let refused = SigningKey::load_or_create(&path).unwrap_err().to_string();
        assert!(
            refused.contains("signing.pem") && !refused.contains("hunter2"),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "hunter2");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere").join("signing.pem");
        let refused = SigningKey::load_or_create(&path).unwrap_err();
        assert!(
            matches!(
                refused,
                KeyError::File {
                    doing: "creating",
                    ..
                }
            ),
            "{refused}"
        );
        assert!(matches!(
            PublicKey::load(&path),
            Err(KeyError::File { doing: "reading", .. })
        ));
    }

    #[test]
    fn a_public_key_file_is_read_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::load_or_create(&folder.path().join("signing.pem"))
            .unwrap()
            .public_key();
        let path = folder.path().join("signing.pub");
        key.save(&path).unwrap();
        assert_eq!(PublicKey::load(&path).unwrap(), key);
    }
}
