//! The file for `--html`.

use std::{fs, path::Path};

use anyhow::Context;

/// Fails if the file cannot be written, before the work begins. An existing file is not changed.
pub fn can_be_written(file: &Path) -> anyhow::Result<()> {
    let is_new = !file.exists();
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .with_context(|| cannot(file))?;
    if is_new {
        fs::remove_file(file).with_context(|| cannot(file))?;
    }
    Ok(())
}

pub fn write(file: &Path, page: &str) -> anyhow::Result<()> {
    fs::write(file, page).with_context(|| cannot(file))
}

fn cannot(file: &Path) -> String {
    format!("cannot write the page {}", file.display())
}
