//! What a job takes over from another one.

use super::{Rule, jobs};

const DOWNLOAD: &str = "actions/download-artifact";
/// Programs that act on what was downloaded.
const ACTING: &[&str] = &["crossover", "terraform"];

pub const DIGEST: Rule = Rule {
    name: "artifact-checked",
    about: "a program or plan from another job is compared with the digest that this job's outputs name before it is used",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            // The digest comes by the outputs of the job, which an artifact cannot change.
            let mut unchecked = false;
            let mut digest_known = false;
            for step in &job.steps {
                if step.action() == Some(DOWNLOAD) {
                    unchecked = true;
                }
                let environment = step.node.get("env");
                let digest = environment
                    .and_then(|env| env.get("DIGEST"))
                    .and_then(|node| node.text());
                digest_known |= digest.is_some_and(|text| text.contains(".outputs.digest"));
                for command in step.commands() {
                    if command.program() == "sha256sum" && command.has("--check") && digest_known {
                        unchecked = false;
                    }
                    if unchecked && ACTING.contains(&command.program()) {
                        findings.add(
                            workflow.place(command.line),
                            format!(
                                "{}: compare the artifact with needs.….outputs.digest by sha256sum --check first",
                                job.id
                            ),
                        );
                    }
                }
            }
        }
    },
};
