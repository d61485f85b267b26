//! The options and the frame of every command that operates a migration on AWS.

use std::{future::Future, path::PathBuf, process::ExitCode};

use crossover_interrupt::{Interrupt, unless_interrupted};
use crossover_operate::{
    clients::Clients,
    config::{self, DEFAULT_FILE, Migration},
};

use crate::exit::ended;

/// The option that names the migration.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// The file of the migration (docs/operate.md)
    #[arg(
        long,
        value_name = "FILE",
        env = "CROSSOVER_CONFIG",
        default_value = DEFAULT_FILE
    )]
    config: PathBuf,
}

impl Config {
    /// The migration and its clients.
    pub async fn clients(&self) -> anyhow::Result<Clients> {
        Ok(Clients::of(Migration::read(&self.config)?).await?)
    }

    /// ` --config FILE` where the file is not the default one, for a command that is shown.
    pub fn shown(&self) -> String {
        config::option(&self.config)
    }
}

/// Does asynchronous work until it ends or a signal arrives; `left` tells what a signal leaves behind.
pub fn work(
    work: impl Future<Output = anyhow::Result<ExitCode>>,
    left: impl FnOnce(Interrupt) -> String,
) -> ExitCode {
    to_the_end(async {
        match unless_interrupted(work).await {
            Ok(done) => done,
            Err(interrupt) => {
                eprintln!("{}", left(interrupt));
                Ok(ExitCode::from(interrupt.exit_status()))
            }
        }
    })
}

/// Does asynchronous work that minds signals itself.
pub fn to_the_end(work: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(work));
    ended(outcome)
}
