//! Folders that are whole or absent: written beside their place, synced, and put there in one step.

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions, Permissions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
use tempfile::Builder;

use super::{Readers, folder, sync};

/// Writes a folder with exactly these files (name and content). An existing folder is replaced as a whole, with
/// everything in it: whether that is right has to be checked before.
///
/// # Errors
/// The folder above does not exist or cannot be written to; the disk is full; something that is no folder has
/// the name. What was there before is unchanged then.
pub fn replace_folder<'a>(
    path: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    readers: Readers,
) -> io::Result<()> {
    let above = folder(path);
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the path ends in no name"))?;
    let draft = Builder::new()
        .prefix(&format!(".{}.", name.to_string_lossy()))
        .permissions(Permissions::from_mode(readers.folder_mode()))
        .tempdir_in(above)?;
    for (name, bytes) in files {
        if Path::new(name).file_name() != Some(OsStr::new(name)) {
            let reason = format!("{name:?} is not the name of a file");
            return Err(io::Error::new(ErrorKind::InvalidInput, reason));
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(readers.mode())
            .open(draft.path().join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    sync(draft.path())?;
    match path.symlink_metadata() {
        Ok(about) if about.is_dir() => exchange(draft.path(), path)?,
        Ok(_) => return Err(ErrorKind::NotADirectory.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // This never replaces what another process puts there meanwhile, unless it is an empty folder.
            fs::rename(draft.path(), path)?;
            // Its name is gone, and nothing is left to be removed.
            let _ = draft.keep();
        }
        Err(error) => return Err(error),
    }
    sync(above)
}

/// Exchanges two folders; the older one then has the draft's name, and is removed with it.
fn exchange(draft: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, draft, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // File systems without an exchange.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => in_two_steps(draft, path),
        Err(error) => Err(error.into()),
    }
}

/// The same where the system cannot exchange. After a crash between the steps both folders are beside the place.
fn in_two_steps(draft: &Path, path: &Path) -> io::Result<()> {
    let aside = Builder::new().prefix(".earlier.").tempdir_in(folder(path))?;
    let earlier = aside.path().join("folder");
    fs::rename(path, &earlier)?;
    let put = fs::rename(draft, path);
    if put.is_err() && fs::rename(&earlier, path).is_err() {
        // The only copy is not removed.
        let _ = aside.keep();
    }
    put
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read_to_string(path).unwrap_or_default())
            })
            .collect();
        files.sort();
        files
    }

    fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    fn write(path: &Path, files: &[(&str, &str)]) -> io::Result<()> {
        replace_folder(
            path,
            files.iter().map(|(name, text)| (*name, text.as_bytes())),
            Readers::Everybody,
        )
    }

    #[test]
    fn a_folder_is_made_and_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("run");
        write(&path, &[("a", "1"), ("b", "2")]).unwrap();
        assert_eq!(content(&path), pairs(&[("a", "1"), ("b", "2")]));
        write(&path, &[("b", "3")]).unwrap();
        assert_eq!(content(&path), pairs(&[("b", "3")]));
        assert_eq!(content(home.path()), pairs(&[("run", "")]));
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o700;
        assert_eq!(mode, 0o700);
    }

    #[test]
    fn without_an_exchange_two_steps_give_the_same() {
        let home = tempfile::tempdir().unwrap();
        let (draft, path) = (home.path().join("draft"), home.path().join("run"));
        write(&path, &[("a", "1")]).unwrap();
        write(&draft, &[("b", "2")]).unwrap();
        in_two_steps(&draft, &path).unwrap();
        assert_eq!(content(&path), pairs(&[("b", "2")]));
        assert_eq!(content(home.path()), pairs(&[("run", "")]));
        assert!(in_two_steps(&draft, &path).is_err());
        assert_eq!(content(&path), pairs(&[("b", "2")]), "the older one is put back");
    }

    #[test]
    fn what_is_no_folder_and_a_name_that_leads_elsewhere_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        write(&real, &[("a", "1")]).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        for path in [link.clone(), real.join("a")] {
            assert_eq!(write(&path, &[]).unwrap_err().kind(), ErrorKind::NotADirectory);
        }
        for name in ["../a", "/a", "b/c", "..", ""] {
            let refused = write(&real, &[(name, "")]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{name}");
        }
        let nowhere = home.path().join("nowhere/run");
        assert_eq!(write(&nowhere, &[]).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(content(&real), pairs(&[("a", "1")]));
        assert_eq!(content(home.path()).len(), 2);
    }
}
