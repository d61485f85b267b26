//! The planted faults that only Terraform finds.

use std::fs;
use std::path::Path;

use anyhow::Context;
use crossover_terraform_run::Terraform;

use super::{FAULTS, FILES, Fault, FoundBy};
use crate::finding::{Finding, Findings};
use crate::terraform::root::{self, Wanted};

/// The faults that Terraform misses, and whatever it finds in the files without a fault; empty if all is well.
/// `scratch` is an empty folder.
pub fn missed(terraform: &Terraform, scratch: &Path) -> anyhow::Result<Vec<String>> {
    let mut missed = Vec::new();
    write(scratch, FILES.iter().copied())?;
    // Format first: `init` writes files of its own.
    let mut without = root::format(terraform, scratch, Path::new(""))?;
    let wanted = Wanted {
        validate: true,
        test: true,
    };
    for folder in ["modules/good", "environments/good", "environments/applied"] {
        without.extend(root::check(terraform, scratch, Path::new(folder), wanted)?.0);
    }
    missed.extend(
        without
            .iter()
            .map(|finding| format!("found where no fault is planted: {finding}")),
    );
    for fault in FAULTS {
        let found = find(terraform, scratch, fault)?;
        if found.is_some_and(|found| found.is_empty()) {
            missed.push(format!("{} was not found by Terraform", fault.name));
        }
    }
    Ok(missed)
}

/// What Terraform finds with a fault in the files; None if another part of the check must find the fault.
fn find(terraform: &Terraform, scratch: &Path, fault: &Fault) -> anyhow::Result<Option<Vec<Finding>>> {
    if let FoundBy::Reading(_) | FoundBy::Applying(_) = fault.found_by {
        return Ok(None);
    }
    let files = fault.files()?;
    write(scratch, files.iter().map(|(path, text)| (*path, text.as_str())))?;
    let folder = Path::new(fault.file)
        .parent()
        .context("a planted file without a folder")?;
    let mut findings = Findings::default();
    match fault.found_by {
        FoundBy::Reading(_) | FoundBy::Applying(_) => {}
        FoundBy::Format => return root::format(terraform, scratch, Path::new("")).map(Some),
        FoundBy::Validate => root::validate(terraform, scratch, folder, &mut findings)?,
        FoundBy::Test => {
            root::test(terraform, &scratch.join(folder), folder, &mut findings)?;
        }
    }
    Ok(Some(findings.sorted()))
}

pub(super) fn write<'a>(
    scratch: &Path,
    files: impl Iterator<Item = (&'a str, &'a str)>,
) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = scratch.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
