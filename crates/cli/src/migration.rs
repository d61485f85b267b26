//! The options and the frame of every command that operates a migration on AWS.

use std::{future::Future, path::PathBuf, process::ExitCode};

use crossover_interrupt::{Interrupt, unless_interrupted};
use crossover_operate::{config::Migration, world::World};

/// Exit status when the command could not do its work.
pub const COULD_NOT_RUN: u8 = 2;

/// The option that names the migration.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// The file of the migration (docs/operate.md)
    #[arg(
        long,
        value_name = "FILE",
        env = "CROSSOVER_CONFIG",
        default_value = "crossover.toml"
    )]
    config: PathBuf,
}

impl Config {
    /// The migration and its clients.
    pub async fn world(&self) -> anyhow::Result<World> {
        Ok(World::of(Migration::read(&self.config)?).await?)
    }

    /// ` --config FILE` where the file is not the default one, for a command that is shown.
    pub fn shown(&self) -> String {
        if self.config.as_os_str() == "crossover.toml" {
            String::new()
        } else {
            format!(" --config {}", self.config.display())
        }
    }
}

/// Does asynchronous work until it ends or a signal arrives; `left` tells what a signal leaves behind.
pub fn work(
    work: impl Future<Output = anyhow::Result<ExitCode>>,
    left: impl FnOnce(Interrupt) -> String,
) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .map(|runtime| runtime.block_on(unless_interrupted(work)));
    match outcome {
        Ok(Ok(Ok(code))) => code,
        Ok(Err(interrupt)) => {
            eprintln!("{}", left(interrupt));
            ExitCode::from(interrupt.exit_status())
        }
        Ok(Ok(Err(error))) | Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}
