//! A copy of the files for Terraform, which writes beside what it reads.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Copies `folder`, a folder of the checkout, below `to`. Everything beside it is linked, because modules read
/// files of the checkout by relative paths. Returns the copy.
pub fn copy(root: &Path, folder: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    let name = folder.strip_prefix(root).unwrap_or(folder);
    let copy = to.join(name);
    copy_folder(folder, &copy)?;
    // A folder elsewhere has no neighbours that belong to it.
    if folder.parent() == Some(root) {
        for entry in fs::read_dir(root).with_context(|| root.display().to_string())? {
            let path = entry?.path();
            if let Some(name) = path.file_name().filter(|_| path != folder) {
                symlink(&path, to.join(name))
                    .with_context(|| format!("{} cannot be linked", path.display()))?;
            }
        }
    }
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        // What an earlier `terraform init` of the reader left: its plugins and modules are not ours.
        if name == ".terraform" {
            continue;
        }
        let target = to.join(name);
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("{} cannot be copied", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_its_neighbours_and_nothing_of_an_earlier_init() {
        let (checkout, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = checkout.path().join("terraform");
        fs::create_dir_all(folder.join("modules/a/.terraform")).unwrap();
        fs::write(folder.join("modules/a/main.tf"), "").unwrap();
        fs::write(checkout.path().join("machine.json"), "{}").unwrap();
        let copied = copy(checkout.path(), &folder, to.path()).unwrap();
        assert!(copied.join("modules/a/main.tf").is_file() && !copied.join("modules/a/.terraform").exists());
        assert_eq!(fs::read_to_string(copied.join("../machine.json")).unwrap(), "{}");
    }
}
