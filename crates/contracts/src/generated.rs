//! A generated file: written, or compared with the one that is checked in.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail};

/// One file, as the code says it should be.
pub struct Generated {
    pub path: PathBuf,
    pub content: String,
}

/// Writes every file whose content differs.
pub fn write(files: &[Generated]) -> anyhow::Result<()> {
    for file in files.iter().filter(|file| !file.is_current()) {
        let shown = file.path.display();
        if let Some(folder) = file.path.parent() {
            fs::create_dir_all(folder).with_context(|| shown.to_string())?;
        }
        fs::write(&file.path, &file.content).with_context(|| shown.to_string())?;
        eprintln!("written: {shown}");
    }
    Ok(())
}

/// Fails with the names of all files that differ; `task` writes them.
pub fn check(files: &[Generated], task: &str) -> anyhow::Result<()> {
    let stale: Vec<String> = files
        .iter()
        .filter(|file| !file.is_current())
        .map(|file| file.path.display().to_string())
        .collect();
    if !stale.is_empty() {
        bail!(
            "not what their source says: {}: run `cargo xtask {task}` and commit the result",
            stale.join(", ")
        );
    }
    Ok(())
}

impl Generated {
    fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|found| found == self.content)
    }
}
