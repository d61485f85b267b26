//! shellcheck: the scripts of the steps.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use crossover_file_check::Findings;
use crossover_file_check::linter::run;
use serde::Deserialize;

use crate::workflow::Workflow;

#[derive(Deserialize)]
struct Answer {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
struct Comment {
    line: usize,
    code: u32,
    message: String,
}

pub fn check(program: &Path, workflows: &[Workflow], findings: &mut Findings) -> anyhow::Result<()> {
    for workflow in workflows {
        let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
        for script in steps.filter_map(|step| step.script.as_ref()) {
            let mut command = Command::new(program);
            command.args(["--shell=bash", "--format=json1", "--norc", "-"]);
            let output = run(&mut command, &script.text)?;
            let answer: Answer =
                serde_json::from_slice(&output.stdout).context("the answer of shellcheck is not JSON")?;
            for comment in answer.comments {
                findings.add(
                    workflow.place(script.line + comment.line - 1),
                    format!("{} (SC{})", comment.message, comment.code),
                );
            }
        }
    }
    Ok(())
}
