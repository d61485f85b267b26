//! `crossover completions` and `crossover man`: made from the definition of the command line.

use std::{io, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap_complete::Shell;

use crate::{exit::ended, output::print};

/// Options of `crossover completions`.
#[derive(clap::Args)]
pub struct Completions {
    /// The shell, for example: crossover completions bash > /etc/bash_completion.d/crossover
    shell: Shell,
}

/// Options of `crossover man`.
#[derive(clap::Args)]
pub struct Man {
    /// Write the pages of the command and of all sub-commands into this folder [default: the command's page on standard output]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn completions(arguments: &Completions, mut command: clap::Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "crossover", &mut script);
    ended(print(&String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS))
}

pub fn man(arguments: &Man, command: clap::Command) -> ExitCode {
    let written = match &arguments.out {
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .with_context(|| format!("cannot write the pages into {}", folder.display())),
        None => page(command).map_err(Into::into).and_then(|page| print(&page)),
    };
    ended(written.map(|()| ExitCode::SUCCESS))
}

fn page(command: clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
