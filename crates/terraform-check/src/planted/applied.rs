//! The planted faults that only applying finds.

use std::path::{Path, PathBuf};

use crossover_terraform_run::{Terraform, folder::Folder};
use serde_json::json;

use super::real::write;
use super::{FAULTS, FILES, FoundBy};
use crate::apply::cycle;
use crate::apply::environment::Environment;
use crate::apply::local_aws::LocalAws;
use crate::apply::session::Session;
use crate::finding::Finding;

/// The environment that is applied.
const FOLDER: &str = "environments/applied";

/// The faults that applying misses, and whatever it finds in the files without a fault; empty if all is well.
/// `scratch` is an empty folder.
pub async fn missed(terraform: &Terraform, aws: &LocalAws, scratch: &Path) -> anyhow::Result<Vec<String>> {
    let mut missed = Vec::new();
    let without = run(terraform, aws, &scratch.join("none"), FILES.iter().copied()).await?;
    missed.extend(
        without
            .iter()
            .map(|finding| format!("found where no fault is planted: {finding}")),
    );
    for (number, fault) in FAULTS.iter().enumerate() {
        let FoundBy::Applying(rule) = fault.found_by else {
            continue;
        };
        let files = fault.files()?;
        let files = files.iter().map(|(path, text)| (*path, text.as_str()));
        let found = run(terraform, aws, &scratch.join(number.to_string()), files).await?;
        if !found.iter().any(|finding| finding.rule == rule) {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            missed.push(format!(
                "{} was not found by {rule}; found instead: {}",
                fault.name,
                found.join(" | ")
            ));
        }
    }
    Ok(missed)
}

async fn run<'a>(
    terraform: &Terraform,
    aws: &LocalAws,
    scratch: &Path,
    files: impl Iterator<Item = (&'a str, &'a str)>,
) -> anyhow::Result<Vec<Finding>> {
    let of_environment = files.filter(|(path, _)| path.starts_with(FOLDER));
    write(scratch, of_environment)?;
    let session = Session {
        folder: Folder {
            terraform,
            place: scratch.join(FOLDER),
            logs: scratch.to_owned(),
            environment: aws.variables(),
        },
        aws,
        shown: PathBuf::from(FOLDER),
        speaks: false,
    };
    // The names of one fault's resources must not meet what another has left.
    let name = scratch.file_name().unwrap_or_default().to_string_lossy();
    let one = format!("planted-{name}-one");
    let environment = Environment {
        variables: json!({ "topics": [one] }),
        grown: json!({ "topics": [format!("planted-{name}-another"), one] }),
        exceptions: &[],
        lists: &[],
    };
    Ok(cycle(&session, &environment).await?.findings)
}
