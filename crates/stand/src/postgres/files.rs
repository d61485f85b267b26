//! Copies folders with a given owner. Plain file copies share blocks if the file system supports that.

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::Path;

use crate::error::{Result, StandError};

/// Runs file operations on a thread that may block.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StandError::io("copying", "files")(std::io::Error::other(error)))?
}

/// Copies a folder with its permissions and links; `to` must not exist.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).map_err(StandError::io("creating", to))?;
    for entry in fs::read_dir(from).map_err(StandError::io("reading", from))? {
        let entry = entry.map_err(StandError::io("reading", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(StandError::io("reading", &source))?;
        if kind.is_dir() {
            copy(&source, &target)?;
        } else if kind.is_symlink() {
            fs::read_link(&source)
                .and_then(|link| symlink(link, &target))
                .map_err(StandError::io("linking", &target))?;
        } else {
            fs::copy(&source, &target).map_err(StandError::io("copying", &source))?;
        }
    }
    let mode = fs::metadata(from)
        .map_err(StandError::io("reading", from))?
        .permissions();
    fs::set_permissions(to, mode).map_err(StandError::io("setting permissions of", to))
}

/// Calls `visit` for a path and everything below it; links are not followed.
fn walk(path: &Path, visit: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    visit(path)?;
    if fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir()) {
        for entry in fs::read_dir(path).map_err(StandError::io("reading", path))? {
            walk(&entry.map_err(StandError::io("reading", path))?.path(), visit)?;
        }
    }
    Ok(())
}

/// Gives a folder and everything in it to another user.
pub(super) fn give_to(path: &Path, (uid, gid): (u32, u32)) -> Result<()> {
    walk(path, &mut |path| {
        lchown(path, Some(uid), Some(gid)).map_err(StandError::io("giving away", path))
    })
}

/// Allows every user to read a folder and to run its programs.
pub(super) fn open_up(path: &Path) -> Result<()> {
    walk(path, &mut |path| {
        let meta = fs::symlink_metadata(path).map_err(StandError::io("reading", path))?;
        if meta.is_symlink() {
            return Ok(());
        }
        let mode = meta.permissions().mode();
        let open = mode
            | 0o444
            | if meta.is_dir() || mode & 0o100 != 0 {
                0o111
            } else {
                0
            };
        fs::set_permissions(path, fs::Permissions::from_mode(open)).map_err(StandError::io("opening", path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_modes_and_links_and_can_be_made_readable() {
        let from = tempfile::tempdir().unwrap();
        let program = from.path().join("bin");
        fs::create_dir(&program).unwrap();
        fs::write(program.join("run"), "x").unwrap();
        fs::set_permissions(program.join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("bin/run", from.path().join("link")).unwrap();
        let to = from.path().with_extension("copy");
        copy(from.path(), &to).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&to.join("bin/run")), 0o700);
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("bin/run"));
        open_up(&to).unwrap();
        assert_eq!(mode(&to.join("bin/run")), 0o755);
        fs::remove_dir_all(to).unwrap();
    }
}
