//! One run at a time.

use super::{Rule, jobs};
use crate::production::{Change, change};

pub const ONE_RUN: Rule = Rule {
    name: "one-run-at-a-time",
    about: "runs of one lane, and applies of one environment, wait for each other and are never cancelled",
    check: |workflows, findings| {
        for (workflow, job) in jobs(workflows) {
            let changes: Vec<Change> = job
                .commands()
                .filter_map(|(_, command)| change(&command))
                .collect();
            let Some(first) = changes.first() else {
                continue;
            };
            let input = if first.is_of_a_lane() {
                "inputs.config"
            } else {
                "inputs.environment"
            };
            let group = workflow.concurrency(job);
            let names_it = group
                .and_then(|node| node.get("group"))
                .and_then(|node| node.text())
                .is_some_and(|text| text.contains(input));
            let stays = group
                .and_then(|node| node.get("cancel-in-progress"))
                .and_then(|node| node.text())
                == Some("false");
            if !names_it || !stays {
                findings.add(
                    workflow.place(job.line),
                    format!(
                        "{}: write concurrency with a group of {input} and cancel-in-progress: false",
                        job.id
                    ),
                );
            }
        }
    },
};
