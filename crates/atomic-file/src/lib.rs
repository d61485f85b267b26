//! Files and folders that are complete or absent, also after a crash: written beside their place, synced, renamed.

mod whole_folder;

use std::{
    fs::{File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use tempfile::{Builder, NamedTempFile};

pub use whole_folder::replace_folder;

/// Who may read a new file. The umask of the process removes further permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    Everybody,
    Owner,
}

impl Readers {
    const fn mode(self) -> u32 {
        match self {
            Self::Everybody => 0o644,
            Self::Owner => 0o600,
        }
    }

    const fn folder_mode(self) -> u32 {
        match self {
            Self::Everybody => 0o755,
            Self::Owner => 0o700,
        }
    }
}

/// Writes the file; an existing file is replaced.
///
/// # Errors
/// The folder does not exist or cannot be written to; the disk is full. The older file is unchanged then.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let folder = folder(path);
    draft(path, folder, bytes, readers)?.persist(path)?;
    sync(folder)
}

/// Writes a new file and never replaces an existing one, not even one that another process creates at the
/// same time.
///
/// # Errors
/// `AlreadyExists` if the name is taken; otherwise as [`replace`].
pub fn create(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let folder = folder(path);
    draft(path, folder, bytes, readers)?.persist_noclobber(path)?;
    sync(folder)
}

/// The folder that holds the file.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn draft(path: &Path, folder: &Path, bytes: &[u8], readers: Readers) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = Builder::new()
        .prefix(&format!(".{name}."))
        .permissions(Permissions::from_mode(readers.mode()))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// A rename survives a crash only after the folder itself is synced.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn the_newest_content_is_there_and_no_temporary_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.json");
        replace(&path, b"one", Readers::Everybody).unwrap();
        replace(&path, b"two", Readers::Everybody).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(home.path()), ["a.json"]);
    }

    #[test]
    fn a_new_file_is_never_written_over_another_one() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        create(&path, b"one", Readers::Owner).unwrap();
        let refused = create(&path, b"two", Readers::Owner).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        let link = home.path().join("b");
        std::os::unix::fs::symlink(home.path().join("nowhere"), &link).unwrap();
        let refused = create(&link, b"two", Readers::Owner).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(home.path()).len(), 2);
    }

    #[test]
    fn one_of_many_writers_creates_the_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        let created = thread::scope(|scope| {
            let create = || create(&path, b"x", Readers::Owner).is_ok();
            let writers: Vec<_> = (0..16).map(|_| scope.spawn(create)).collect();
            writers
                .into_iter()
                .map(|writer| writer.join().unwrap())
                .filter(|created| *created)
                .count()
        });
        assert_eq!(created, 1);
        assert_eq!(names(home.path()), ["a"]);
    }

    #[test]
    fn a_file_for_the_owner_is_unreadable_to_others_even_if_it_replaces_a_readable_one() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        fs::write(&path, "open").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        replace(&path, b"closed", Readers::Owner).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_missing_folder_is_an_error_and_is_not_created() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("nowhere").join("a");
        let refused = replace(&path, b"x", Readers::Everybody).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
        assert!(names(home.path()).is_empty());
    }
}
