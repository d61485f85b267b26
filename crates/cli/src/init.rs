//! `crossover init`.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, bail};
use crossover_operate::{
    config::{self, DEFAULT_FILE},
    template::{Answers, Outputs, fill},
};

use crate::{ask::asked, exit::ended};

pub const MANUAL: &str = "Write a commented crossover.toml for a migration, from what Terraform has created (the output `crossover` of terraform/environments). Only what \
Terraform does not know is asked for: on a terminal by a question, otherwise by the option.\n\n\
An existing file is not overwritten. `crossover plan` then checks the file against the world.";

/// Options of `crossover init`.
#[derive(clap::Args)]
#[command(
    group = clap::ArgGroup::new("from").required(true).args(["terraform", "outputs"]),
    after_help = "Exit status: 0 written; 2 something is missing, or the file exists."
)]
pub struct Arguments {
    /// Folder of the Terraform environment: `terraform output` is run there
    #[arg(long, value_name = "DIR")]
    terraform: Option<PathBuf>,
    /// What `terraform output -json crossover` has printed; - for standard input
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
    /// The migration [default: the only one of the environment]
    #[arg(long, value_name = "ID")]
    migration: Option<String>,
    /// The lane that is cut over [default: main]
    #[arg(long, value_name = "NAME")]
    lane: Option<String>,
    /// Base URL of the edge's admin API
    #[arg(long, value_name = "URL")]
    admin_url: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    ended(execute(arguments).map(|()| ExitCode::SUCCESS))
}

fn execute(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.config.exists() {
        bail!(
            "{} exists and is not overwritten: move it away, or name another file with --config",
            arguments.config.display()
        );
    }
    let text = printed(arguments)?;
    let outputs: Outputs = serde_json::from_str(&text).context(
        "this is not what `terraform output -json crossover` prints for an environment of terraform/environments",
    )?;
    let admin_url = match &arguments.admin_url {
        Some(given) => Some(given.clone()),
        None => asked("Base URL of the edge's admin API (https://…): ")?,
    };
    let answers = Answers {
        migration: arguments.migration.clone(),
        lane: arguments.lane.clone(),
        admin_url,
    };
    let text = fill(&outputs, &answers)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&arguments.config)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", arguments.config.display()))?;
    eprintln!(
        "wrote {}; next: crossover plan{}",
        arguments.config.display(),
        config::option(&arguments.config)
    );
    Ok(())
}

/// What Terraform prints, from wherever it is asked for.
fn printed(arguments: &Arguments) -> anyhow::Result<String> {
    if let Some(folder) = &arguments.terraform {
        return of_terraform(folder);
    }
    match arguments.outputs.as_deref() {
        Some(file) if file == Path::new("-") => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .context("cannot read standard input")?;
            Ok(text)
        }
        Some(file) => fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display())),
        None => bail!("name --terraform or --outputs"),
    }
}

fn of_terraform(folder: &Path) -> anyhow::Result<String> {
    let output = Command::new("terraform")
        .arg(format!("-chdir={}", folder.display()))
        .args(["output", "-json", "-no-color", "crossover"])
        .output()
        .context("cannot run terraform: install it, or give what `terraform output -json crossover` prints with --outputs")?;
    if !output.status.success() {
        bail!(
            "terraform output in {} failed: {}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}
