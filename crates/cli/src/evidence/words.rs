//! The result of a check in words.

use std::fmt::Write as _;

use crossover_core::Direction;
use crossover_evidence::{EvidenceReport, EvidenceVerdict, Run, SignatureState};

/// The report for a terminal.
pub fn text(report: &EvidenceReport) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = match report.verdict {
        EvidenceVerdict::Unchanged => writeln!(text, "UNCHANGED  {}", report.folder),
        EvidenceVerdict::Changed => writeln!(text, "CHANGED  {}", report.folder),
    };
    if let Some(run) = &report.run {
        let _ = writeln!(text, "  run        {}", of_run(run));
    }
    let plural = if report.unchanged == 1 {
        "file is"
    } else {
        "files are"
    };
    let _ = writeln!(
        text,
        "  files      {} {plural} as the manifest says",
        report.unchanged
    );
    let _ = writeln!(text, "  signature  {}", signature(report));
    for offence in &report.offences {
        let _ = writeln!(text, "  {} {}", offence.file, offence.message);
    }
    if !report.offences.is_empty() {
        let _ = writeln!(
            text,
            "  remedy     get the folder again from where it was first stored; what was changed here proves nothing"
        );
    }
    text
}

/// What a manifest says is written by whoever made it: control characters are escaped.
fn of_run(run: &Run) -> String {
    let way = match run.direction {
        Direction::Forward if run.outcome == "completed" => "completion",
        Direction::Forward => "cutover",
        Direction::Reverse => "rollback",
    };
    let time = match run.ended_at {
        Some(ended) => format!("{} to {ended}", run.began_at),
        None => format!("since {}, not ended", run.began_at),
    };
    let text = format!(
        "{} ({way}) of the migration {}, lane {}: {}; {time}; collected {}",
        run.run_id, run.migration_id, run.lane, run.outcome, run.collected_at
    );
    text.chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .collect()
}

fn signature(report: &EvidenceReport) -> String {
    let key = report
        .signed_by
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    match report.signature {
        SignatureState::Proven => format!("of the given key {key}"),
        SignatureState::NotProven => format!(
            "of a key {key} that is not proven to be anyone's: anyone can sign with a key of their own; check again with --public-key FILE"
        ),
        SignatureState::OtherKey => format!("of another key than the given one: {key}"),
        SignatureState::Unsigned => {
            "NOT SIGNED: only accidents are detected, because anyone can write such a folder".to_owned()
        }
        SignatureState::Invalid => "INVALID: the manifest is not the one that was signed".to_owned(),
        SignatureState::Unknown => "unknown: there is no manifest that can be read".to_owned(),
    }
}
