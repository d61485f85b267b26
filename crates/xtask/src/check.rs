//! `cargo xtask check`. The checking program is a separate crate, because this one depends on no other crate of
//! the workspace.

use clap::Subcommand;

use crate::workspace::Workspace;

/// What can be checked.
#[derive(Subcommand)]
pub enum Subject {
    /// Check the folder terraform: by Terraform itself, against newer provider schemas, and by rules of our own
    #[command(disable_help_flag = true)]
    Terraform {
        /// Arguments of the check; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<String>,
    },
}

pub fn run(workspace: &Workspace, subject: &Subject) -> anyhow::Result<()> {
    let Subject::Terraform { arguments } = subject;
    let mut command = vec![
        "run",
        "--quiet",
        "--locked",
        "--package",
        "crossover-terraform-check",
        "--",
    ];
    command.extend(arguments.iter().map(String::as_str));
    workspace.run_cargo(&command)
}
