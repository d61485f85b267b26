//! The outcome of a run: for the terminal, and for a workflow's summary.

use std::fmt::Write as _;

use crossover_core::Millis;
use crossover_operate::run::{RunOutcome, RunRecord};

use crate::markdown::escaped;

/// The outcome in a few lines.
pub fn text(record: &RunRecord, dry_run: bool) -> String {
    let mut text = format!("{}\n", headline(record, dry_run));
    for (what, value) in pauses(record) {
        let _ = writeln!(text, "  {what:<17}{value} ms");
    }
    for error in &record.errors {
        let _ = writeln!(text, "  {}", error.replace('\n', "\n  "));
    }
    if let Some(error) = record.error {
        let _ = writeln!(
            text,
            "  remedy           {}; `crossover explain {}`",
            error.remedy(),
            error.name()
        );
    }
    for step in &record.planned {
        let _ = writeln!(text, "  would: {step}");
    }
    text
}

/// The outcome as a section of Markdown.
pub fn markdown(record: &RunRecord, dry_run: bool) -> String {
    let mut text = format!("## {}\n\n", escaped(&headline(record, dry_run)));
    text.push_str("| stage | outcome | took |\n| --- | --- | ---: |\n");
    for stage in &record.stages {
        let _ = writeln!(
            text,
            "| {} | {} | {} ms |",
            escaped(&stage.name),
            stage.outcome,
            stage.duration
        );
    }
    text.push('\n');
    for (what, value) in pauses(record) {
        let _ = writeln!(text, "- {what}: {value} ms");
    }
    for line in &record.errors {
        let _ = writeln!(text, "- {}", escaped(line));
    }
    if let Some(error) = record.error {
        let _ = writeln!(text, "- remedy: {}", escaped(error.remedy()));
    }
    for step in &record.planned {
        let _ = writeln!(text, "- would: {}", escaped(step));
    }
    text.push('\n');
    text
}

fn headline(record: &RunRecord, dry_run: bool) -> String {
    let what = record.kind().word();
    let (run, old, new) = (
        &record.run_id,
        record.direction.old_writer(),
        record.direction.new_writer(),
    );
    match record.outcome {
        RunOutcome::Committed if dry_run => {
            format!("Dry run of the {what} {run}: passed, nothing was changed")
        }
        RunOutcome::Committed if record.completes => {
            format!("The {what} {run} is done: the {new} owns writes, and a rollback is no longer possible")
        }
        RunOutcome::Aborted if record.completes => {
            format!("The {what} {run} was refused: nothing was changed, and a rollback is possible as before")
        }
        RunOutcome::Failed if record.completes => {
            format!("The {what} {run} is not finished: `crossover complete` goes on")
        }
        RunOutcome::Committed => {
            format!("The {what} {run} has committed: the {new} owns writes and reverse replication runs")
        }
        RunOutcome::Aborted => format!("The {what} {run} has not committed: the {old} owns writes as before"),
        RunOutcome::Failed => {
            format!("The {what} {run} has failed: `crossover status` says who owns writes and what to do")
        }
    }
}

fn pauses(record: &RunRecord) -> impl Iterator<Item = (&'static str, Millis)> {
    let (predicted, measured) = record.pause();
    [("predicted pause", predicted), ("writes held for", measured)]
        .into_iter()
        .filter_map(|(what, value)| Some((what, value?)))
}

#[cfg(test)]
mod tests {
    use crossover_core::{Direction, ErrorName, UnixMillis};
    use crossover_operate::run::StageRun;
    use serde_json::json;

    use super::*;

    fn record(outcome: RunOutcome) -> RunRecord {
        RunRecord {
            outcome,
            stages: vec![StageRun {
                name: "PreCheck".to_owned(),
                duration: Millis(30),
                outcome: "done",
                entered_at: UnixMillis(5),
                running: false,
            }],
            results: json!({
                "lag_wait": { "result": { "output": { "predicted_pause_ms": 180 } } },
                "final_sync": { "result": { "output": { "pause_ms": 171 } } },
            }),
            errors: Vec::new(),
            ..RunRecord::unobserved("shop-1", Direction::Forward, UnixMillis(1), String::new())
        }
    }

    #[test]
    fn a_committed_run_says_who_owns_writes_and_how_long_they_were_held() {
        let committed = record(RunOutcome::Committed);
        let text = text(&committed, false);
        assert!(
            text.starts_with("The cutover shop-1 has committed: the target owns writes"),
            "{text}"
        );
        assert!(
            text.contains("predicted pause  180 ms") && text.contains("writes held for  171 ms"),
            "{text}"
        );
        assert!(super::text(&committed, true).contains("nothing was changed"));
    }

    #[test]
    fn an_aborted_run_says_why_and_what_to_do() {
        let aborted = RunRecord {
            error: Some(ErrorName::WritersRemain),
            errors: vec!["connection-drain: WritersRemain: role \"a|b\" <x>".to_owned()],
            ..record(RunOutcome::Aborted)
        };
        let text = text(&aborted, false);
        assert!(text.contains("the source owns writes as before"), "{text}");
        assert!(
            text.contains("role \"a|b\" <x>") && text.contains("crossover explain WritersRemain"),
            "{text}"
        );
        let markdown = markdown(&aborted, false);
        assert!(markdown.contains("a\\|b\" &lt;x&gt;"), "{markdown}");
        assert!(markdown.contains("| PreCheck | done | 30 ms |"), "{markdown}");
    }
}
