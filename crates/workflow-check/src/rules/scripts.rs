//! What stands in `run` blocks.

use super::{Rule, jobs};
use crate::commands::{KNOWN, known};
use crate::script::Command;

/// Programs and words that run a text which no reader, and no rule, sees as commands.
const HIDING: &[&str] = &["eval", "source", "."];
const SHELLS: &[&str] = &["bash", "sh", "dash", "zsh"];

pub const EXPRESSIONS: Rule = Rule {
    name: "no-expression-in-script",
    about: "a script contains no ${{ }}: GitHub pastes it in as code; pass the value by env and quote the variable",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for script in job.steps.iter().filter_map(|step| step.script.as_ref()) {
                for (offset, line) in script.text.lines().enumerate() {
                    if line.contains("${{") {
                        findings.add(
                            workflow.place(script.line + offset),
                            format!("{}: pass the value by env: {}", job.id, line.trim()),
                        );
                    }
                }
            }
        }
    },
};

pub const PLAIN: Rule = Rule {
    name: "script-is-plain",
    about: "a script runs commands, not texts: no eval, no shell -c, nothing piped from the network into a shell",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for (_, command) in job.commands() {
                let program = command.program();
                if HIDING.contains(&program) || SHELLS.contains(&program) {
                    findings.add(
                        workflow.place(command.line),
                        format!(
                            "{}: {program} hides what runs; write the commands themselves",
                            job.id
                        ),
                    );
                }
            }
        }
    },
};

pub const COMMANDS: Rule = Rule {
    name: "command-known",
    about: "crossover is called with sub-commands and flags that it has, and with those that the step needs",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for (_, command) in job.commands() {
                if command.program() == "crossover"
                    && let Some(fault) = fault(&command)
                {
                    findings.add(workflow.place(command.line), format!("{}: {fault}", job.id));
                }
            }
        }
    },
};

fn fault(command: &Command) -> Option<String> {
    let name = command.arguments().first().map_or("", String::as_str);
    let Some(known) = known(name) else {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        return Some(format!("crossover {name} is not among {}", names.join(", ")));
    };
    let flags = || {
        let words = command.arguments().iter().filter(|word| word.starts_with("--"));
        words.map(|word| word.split('=').next().unwrap_or_default())
    };
    if let Some(flag) = flags().find(|flag| !known.flags.contains(flag)) {
        return Some(format!("crossover {name} has no {flag}"));
    }
    let lacking = known
        .required
        .iter()
        .find(|one_of| !flags().any(|flag| one_of.contains(&flag)))?;
    Some(format!("crossover {name} needs {}", lacking.join(" or ")))
}
