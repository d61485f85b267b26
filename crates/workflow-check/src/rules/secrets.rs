//! Secrets that a step gets, and the key that signs the evidence.

use super::{Rule, jobs};
use crate::workflow::Step;
use crate::yaml::Node;

/// Parts of the shell: what they are given is no argument of a program, which every user of the machine could see.
const BUILTINS: &[&str] = &["printf", "echo", "[[", "[", "export"];
/// The secret of an environment that holds the key.
const SIGNING_KEY: &str = "${{ secrets.EVIDENCE_SIGNING_KEY }}";

/// The variables of a step with their values.
fn variables(step: &Step) -> impl Iterator<Item = (&str, &str)> {
    let entries = step.node.get("env").map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| Some((entry.key.as_str(), entry.node.text()?)))
}

fn is_secret(value: &str) -> bool {
    value.contains("secrets.") || value.contains("github.token")
}

/// Whether a word of a script expands this variable.
fn expands(word: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    word.split('$').skip(1).any(|after| {
        let after = after.strip_prefix('{').unwrap_or(after);
        after
            .strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(is_part))
    })
}

pub const ARGUMENTS: Rule = Rule {
    name: "secret-not-an-argument",
    about: "a secret reaches a program by its environment or a file, never as an argument",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for step in &job.steps {
                let secrets: Vec<&str> = variables(step)
                    .filter(|(_, value)| is_secret(value))
                    .map(|(name, _)| name)
                    .collect();
                for command in step.commands() {
                    let shown = secrets
                        .iter()
                        .find(|name| command.words.iter().any(|word| expands(word, name)));
                    if let Some(name) = shown
                        && !BUILTINS.contains(&command.program())
                    {
                        findings.add(
                            workflow.place(command.line),
                            format!(
                                "{}: {} gets {name} as an argument, which every user of the machine can see; write it into a file by printf",
                                job.id,
                                command.program()
                            ),
                        );
                    }
                }
            }
        }
    },
};

pub const SIGNED: Rule = Rule {
    name: "evidence-signed",
    about: "a step that collects evidence signs it where its environment has the secret EVIDENCE_SIGNING_KEY",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            for step in &job.steps {
                let commands = step.commands();
                let collects = |words: &[String]| {
                    words.first().is_some_and(|word| word == "evidence")
                        && !words.iter().any(|word| word == "--check")
                };
                let Some(collecting) = commands
                    .iter()
                    .find(|command| command.program() == "crossover" && collects(command.arguments()))
                else {
                    continue;
                };
                let has_key = variables(step).any(|(_, value)| value == SIGNING_KEY);
                let option = commands.iter().any(|command| command.has("--key"));
                let used = collecting.has("--key") || collecting.has("${key[@]}");
                if !(has_key && option && used) {
                    findings.add(
                        workflow.place(collecting.line),
                        format!(
                            "{}: write {SIGNING_KEY} into a file where it is not empty, and give that to crossover evidence by --key",
                            job.id
                        ),
                    );
                }
            }
        }
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_expanded_only_under_its_whole_name() {
        for word in ["$KEY", "x$KEY.y", "${KEY}", "${KEY:-none}", "$OTHER$KEY"] {
            assert!(expands(word, "KEY"), "{word}");
        }
        for word in ["KEY", "$KEYS", "${KEY_FILE}", "$OTHER KEY"] {
            assert!(!expands(word, "KEY"), "{word}");
        }
    }
}
