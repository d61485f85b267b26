//! `cargo xtask check terraform` runs this program.

mod applying;
mod options;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use crossover_file_check::program::{checkout, ended, folder};
use crossover_file_check::results::in_ci;
use crossover_file_check::rules::listed;
use crossover_terraform_check::rules::RULES;

/// The steps, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Our own rules over the files; --list shows them
    Rules,
    /// Every resource, block, argument and read attribute against hashicorp/aws 6.66.0 and cloudflare 5.14.0
    Schema,
    /// checkov, with faults of its own that it must find
    Checkov,
    /// The faults that are planted to prove the check: each must be found, and nothing else
    Planted,
    /// terraform fmt -check
    Fmt,
    /// terraform init and validate, in every folder
    Validate,
    /// terraform test, in every folder that has tests
    Test,
    /// environments/dev applied to a local AWS (MiniStack, and a DMS of our own), planned again, planned with one more
    /// of everything, destroyed
    Apply,
}

/// Check the folder terraform: by Terraform itself, against newer provider schemas, by checkov, by rules of our own, and
/// by an apply to a local AWS
///
/// Terraform runs on a copy, without an account and without a backend; the checkout stays as it is. Plugins of
/// providers are taken from the folders in CROSSOVER_TERRAFORM_PLUGINS and TF_PLUGIN_DIR (layout of `terraform
/// providers mirror`), from ~/.terraform.d/plugins, /usr/share/terraform/plugins, /usr/local/share/terraform/plugins
/// and /opt/*plugins*, and otherwise from the registry, which is asked once; what it gives is kept in
/// .parts/terraform-plugins. Folders that need a provider without a plugin are checked against its schema only. The
/// local AWS is on loopback; with Terraform it ends when the check ends, by Ctrl-C, too.
#[derive(Parser)]
#[command(
    name = "cargo xtask check terraform",
    bin_name = "cargo xtask check terraform",
    after_help = "Without Terraform 1.11, the plugin of hashicorp/aws, MiniStack or checkov, what needs them is named and left out; with CI=true that is a failure.\n\
                  Exit status: 0 no finding; 1 a finding, or the check could not run; 2 wrong arguments."
)]
struct Arguments {
    /// Run only these steps
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    only: Vec<Step>,
    /// Check another folder than terraform
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Keep the schemas and checkov in another folder than this checkout
    #[arg(long, value_name = "FOLDER")]
    parts: Option<PathBuf>,
    /// Folders in which Terraform runs at the same time; each holds a plugin with several hundred MB in memory
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// List our rules and check nothing
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    // Before the runtime: as a guard this program has one of its own.
    crossover_stand::guard::install();
    let arguments = Arguments::parse();
    if arguments.list {
        print!("{}", listed(RULES));
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    ended(
        runtime
            .context("the runtime cannot be started")
            .and_then(|runtime| runtime.block_on(check(arguments))),
    )
}

async fn check(arguments: Arguments) -> anyhow::Result<()> {
    let root = checkout(env!("CARGO_MANIFEST_DIR"))?;
    let folder = folder(arguments.folder, || root.join("terraform"))?;
    let options = options::Options {
        parts: arguments.parts.unwrap_or_else(|| root.clone()),
        root,
        folder,
        only: arguments.only,
        jobs: arguments.jobs.into(),
        in_ci: in_ci(),
    };
    run::run(&options).await
}
