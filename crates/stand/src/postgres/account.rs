//! PostgreSQL refuses to run as root. A root process therefore runs the servers as the user `nobody`, who
//! must be able to read every file they use.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};
use tokio::sync::Mutex;

use super::files;
use crate::error::{Result, StandError};
use crate::parts::Parts;
use crate::pins::Major;

/// The user and group of the servers, if they differ from the current user.
pub(super) fn other_user() -> Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let nobody = User::from_name("nobody")
        .map_err(|error| StandError::io("looking up user", "nobody")(error.into()))?;
    Ok(Some(nobody.map_or((65534, 65534), |user| {
        (user.uid.as_raw(), user.gid.as_raw())
    })))
}

/// Whether a user who is neither the owner nor in the group can read `path`, including every folder above.
fn open_to_others(path: &Path) -> bool {
    path.ancestors()
        .filter(|path| !path.as_os_str().is_empty())
        .all(|path| {
            fs::metadata(path).is_ok_and(|meta| {
                let needed = if meta.is_dir() { 0o001 } else { 0o004 };
                meta.permissions().mode() & needed == needed
            })
        })
}

/// The folder with the programs of a major version that the server's user can run: the part itself, or a copy
/// in the temporary folder if the server's user cannot read the checkout.
pub(super) async fn usable_programs(parts: &Parts, major: Major) -> Result<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let programs = parts.pg(major)?;
    if other_user()?.is_none() || open_to_others(&programs.join("postgres")) {
        return Ok(programs);
    }
    let _one = ONE_AT_A_TIME.lock().await;
    let copy = std::env::temp_dir().join(format!("crossover-{}-pg{major}", parts.key()));
    if !is_usable_copy(&copy) {
        let (native, copy) = (parts.pg_folder(major)?, copy.clone());
        files::in_background(move || copy_for_others(&native, &copy)).await?;
    }
    Ok(copy.join("bin"))
}

/// Only a copy made by root may be used, because any user of the machine can predict the copy's name.
fn is_usable_copy(copy: &Path) -> bool {
    fs::symlink_metadata(copy).is_ok_and(|meta| meta.is_dir() && meta.uid() == 0)
        && open_to_others(&copy.join("bin/postgres"))
}

fn copy_for_others(native: &Path, copy: &Path) -> Result<()> {
    let draft = tempfile::Builder::new()
        .prefix("crossover-pg")
        .tempdir()
        .map_err(StandError::io("creating a folder in", std::env::temp_dir()))?;
    let made = draft.path().join("native");
    files::copy(native, &made)?;
    files::open_up(&made)?;
    match fs::rename(&made, copy) {
        // Another process has created the copy first.
        Err(_) if is_usable_copy(copy) => Ok(()),
        renamed => renamed.map_err(StandError::io("creating", copy)),
    }
}

/// A path for a new cluster: in `dir`, or in the temporary folder if the server's user cannot enter `dir`.
pub(super) fn data_folder(dir: &Path, name: &str) -> Result<PathBuf> {
    let dir = std::path::absolute(dir).map_err(StandError::io("finding", dir))?;
    fs::create_dir_all(&dir).map_err(StandError::io("creating", &dir))?;
    let parent = if other_user()?.is_none() || open_to_others(&dir) {
        dir
    } else {
        std::env::temp_dir()
    };
    Ok(parent.join(format!(
        "crossover-{}-{}",
        name.replace(' ', "-"),
        uuid::Uuid::new_v4().simple()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_for_another_user_is_readable_even_if_the_part_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (native, copy) = (folder.path().join("native"), folder.path().join("copy"));
        fs::create_dir_all(native.join("bin")).unwrap();
        fs::write(native.join("bin/postgres"), "x").unwrap();
        fs::set_permissions(native.join("bin"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(!open_to_others(&native.join("bin/postgres")));
        copy_for_others(&native, &copy).unwrap();
        assert!(open_to_others(&copy.join("bin/postgres")));
    }

    #[test]
    fn an_unreadable_folder_makes_everything_below_unreadable() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!open_to_others(&inner));
        fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(open_to_others(&inner));
    }
}
