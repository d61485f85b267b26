//! The step that applies an environment, and its planted faults.

use std::collections::BTreeSet;
use std::path::Path;

use crossover_file_check::results::{Results, verdict};
use crossover_stand::Lines;
use crossover_stand::parts::{Set, ensure as ensure_parts};
use crossover_terraform_check::apply::environment::{DEV, dev};
use crossover_terraform_check::apply::local_aws::LocalAws;
use crossover_terraform_check::apply::session::Session;
use crossover_terraform_check::apply::{Applied, cycle};
use crossover_terraform_check::block::label;
use crossover_terraform_check::planted;
use crossover_terraform_check::source::Module;
use crossover_terraform_check::terraform::plugins;
use crossover_terraform_run::{Terraform, folder::Folder};

use super::{Step, options::Options};

/// Starts the local AWS, applies and destroys.
pub async fn run(
    options: &Options,
    modules: &[Module],
    terraform: &Terraform,
    scratch: &Path,
    results: &mut Results,
) -> anyhow::Result<()> {
    let Some(aws) = local_aws(&options.root, scratch, results).await? else {
        return Ok(());
    };
    if options.wants(Step::Apply) {
        apply(options, modules, terraform, scratch, &aws, results).await?;
    }
    if options.wants(Step::Planted) {
        let missed = planted::applied::missed(terraform, &aws, &scratch.join("planted-applied")).await?;
        eprintln!("planted: those for an apply {}", verdict(missed.len()));
        results.missed.extend(missed);
    }
    aws.stop().await
}

/// The local AWS. Without its packages, the results say what was left out.
async fn local_aws(root: &Path, scratch: &Path, results: &mut Results) -> anyhow::Result<Option<LocalAws>> {
    match ensure_parts(root, Set::Rehearsal, &Lines).await {
        Ok(parts) => LocalAws::start(&parts, scratch).await.map(Some),
        Err(why) => {
            let lacking = "nothing was applied: MiniStack, the local AWS, is not there";
            results.skipped.push(format!("{lacking} ({why})"));
            Ok(None)
        }
    }
}

async fn apply(
    options: &Options,
    modules: &[Module],
    terraform: &Terraform,
    scratch: &Path,
    aws: &LocalAws,
    results: &mut Results,
) -> anyhow::Result<()> {
    let below = options.folder.strip_prefix(&options.root);
    let folder = below.unwrap_or(&options.folder).to_owned();
    let shown = folder.join(DEV);
    let Some(module) = modules.iter().find(|module| module.folder == shown) else {
        eprintln!("apply: {} is not there", shown.display());
        return Ok(());
    };
    let copied = scratch.join("checkout").join(&folder);
    eprintln!("apply: {} to MiniStack and a DMS of our own", shown.display());
    let session = Session {
        folder: Folder {
            terraform,
            place: copied.join(DEV),
            logs: scratch.to_owned(),
            environment: aws.variables(),
        },
        aws,
        shown,
        speaks: true,
    };
    let Applied { findings, kinds } = cycle(&session, &dev(aws, &copied)).await?;
    eprintln!("apply: {}", verdict(findings.len()));
    let reached = plugins::reached(module, modules);
    for line in planned_only(modules, &reached, &kinds) {
        eprintln!("  {line}");
    }
    results.findings.extend(findings);
    Ok(())
}

/// What was not applied, so that nobody takes the step for more than it is.
fn planned_only(modules: &[Module], reached: &BTreeSet<&Path>, created: &[String]) -> Vec<String> {
    let others: Vec<String> = modules
        .iter()
        .filter(|module| !reached.contains(module.folder.as_path()))
        .map(|module| module.folder.display().to_string())
        .collect();
    let declared: BTreeSet<&str> = modules
        .iter()
        .filter(|module| reached.contains(module.folder.as_path()))
        .flat_map(|module| module.blocks("resource"))
        .map(|(_, block)| label(block, 0))
        .filter(|kind| !created.iter().any(|one| one == kind))
        .collect();
    let declared: Vec<&str> = declared.into_iter().collect();
    [
        ("folders that are planned with mocks only", others.join(", ")),
        (
            "types that dev has and that were not created here",
            declared.join(", "),
        ),
    ]
    .into_iter()
    .filter(|(_, list)| !list.is_empty() && !created.is_empty())
    .map(|(what, list)| format!("{what}: {list}"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_the_local_aws_the_step_says_so_and_ci_does_not_accept_it() {
        // Below a file nothing can be fetched.
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut results = Results::default();
        let aws = local_aws(file.path(), Path::new("/nowhere"), &mut results).await;
        assert!(aws.unwrap().is_none());
        assert!(
            results.skipped[0].contains("nothing was applied: MiniStack"),
            "{:?}",
            results.skipped
        );
        assert!(
            results
                .conclude("terraform", true, std::time::Duration::ZERO)
                .is_err()
        );
    }
}
