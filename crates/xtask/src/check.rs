//! `cargo xtask check`. The checking programs are separate crates, because this one depends on no other crate of
//! the workspace.

use clap::Subcommand;

use crate::workspace::Workspace;

/// What can be checked.
#[derive(Subcommand)]
pub enum Subject {
    /// Check the folder terraform: by Terraform itself, against newer provider schemas, by checkov, by rules of our own, and
    /// by an apply to a local AWS
    #[command(disable_help_flag = true)]
    Terraform {
        /// Arguments of the check; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<String>,
    },
    /// Check the workflows of GitHub Actions: by rules of our own, by actionlint, zizmor and shellcheck
    #[command(disable_help_flag = true)]
    Workflows {
        /// Arguments of the check; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<String>,
    },
}

pub fn run(workspace: &Workspace, subject: &Subject) -> anyhow::Result<()> {
    let (package, arguments) = match subject {
        Subject::Terraform { arguments } => ("crossover-terraform-check", arguments),
        Subject::Workflows { arguments } => ("crossover-workflow-check", arguments),
    };
    let mut command = vec!["run", "--quiet", "--locked", "--package", package, "--"];
    command.extend(arguments.iter().map(String::as_str));
    workspace.run_cargo(&command)
}
