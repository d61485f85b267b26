//! The verdict in a few lines.

use std::fmt::Write as _;

use crossover_rehearsal::{
    report::{Distribution, Judgement, Outcome, Report, RunRow, Series},
    run::RunOutcome,
};

/// Shortens a long list of names. The option that lets the next run continue is printed completely.
const LONGEST: usize = 600;

fn shortened(line: &str) -> String {
    if line.len() <= LONGEST || line.contains("--exclude ") {
        return line.to_owned();
    }
    let end = line.floor_char_boundary(LONGEST);
    format!(
        "{} … (--all prints the rest, and the report has it)",
        &line[..end]
    )
}

/// The verdict in a few lines.
pub fn summary(report: &Report, all: bool) -> String {
    let mut text = String::from("\n");
    let rightly = report.judgement() == Judgement::AbortedRightly;
    let aborted = report.aborted_rightly();
    let outcome = match report.outcome {
        _ if rightly => &aborted,
        Outcome::Committed => "committed: the target serves",
        Outcome::Aborted => "aborted: the source serves as before",
        Outcome::RolledBack => "rolled back: the source serves again",
        Outcome::Planned => "planned: nothing was changed",
        Outcome::Failed => "failed",
    };
    let writes = &report.writes;
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{}", outcome.to_uppercase());
    for step in &report.plan {
        let _ = writeln!(text, "  would {step}");
    }
    let _ = writeln!(
        text,
        "  load     {}",
        report.load.in_words(report.run.writes_per_s)
    );
    let compared = match report.ledger {
        Some(_) => format!(
            "{} present, {} lost, {} duplicated",
            writes.present, writes.lost, writes.duplicated
        ),
        None => "not compared with the databases".to_owned(),
    };
    let _ = writeln!(
        text,
        "  writes   {} acknowledged, {compared}, {} errors, {} held{}",
        writes.acknowledged,
        writes.errors,
        writes.held,
        match writes.refused {
            0 => String::new(),
            refused => format!(", {refused} refused without a key and not executed"),
        }
    );
    let _ = writeln!(
        text,
        "  reads    {} answered, {} errors, {} stale",
        report.reads.total, report.reads.errors, report.reads.stale
    );
    if let Some(series) = &report.series {
        text.push_str(&series_lines(report, series));
    }
    for direction in report.directions.iter().filter(|_| report.series.is_none()) {
        if let Some(pause) = direction.pause_ms {
            let _ = writeln!(
                text,
                "  {:<8} added write latency p50 {:.0} ms, p95 {:.0} ms, max {:.0} ms",
                direction.name, pause.p50.0, pause.p95.0, pause.max.0
            );
        }
    }
    if let Some(stray) = &report.stray {
        let _ = writeln!(
            text,
            "  strays   {} writes past the Worker: {} taken while the source was open, {} refused by its lock",
            stray.total, stray.acknowledged, stray.refused
        );
    }
    let equal = report.tables.iter().filter(|t| t.equal).count();
    let ahead = report.sequences.iter().filter(|s| s.ahead).count();
    let _ = writeln!(
        text,
        "  data     {equal} of {} tables equal, {ahead} of {} sequences ahead",
        report.tables.len(),
        report.sequences.len()
    );
    let reason = if rightly { "reason" } else { "problem" };
    for problem in report.problems() {
        for line in problem.lines() {
            let _ = writeln!(
                text,
                "  {reason}: {}",
                if all { line.to_owned() } else { shortened(line) }
            );
        }
    }
    for warning in report.warnings() {
        let _ = writeln!(text, "  warning: {warning}");
    }
    text
}

/// The distribution, and one line for each run.
fn series_lines(report: &Report, series: &Series) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "  runs     {} committed, {} aborted, {} failed",
        series.committed, series.aborted, series.failed
    );
    for (name, of) in [("p95", series.added_p95_ms), ("max", series.added_max_ms)] {
        if let Some(Distribution {
            min,
            median,
            p95,
            max,
        }) = of
        {
            let _ = writeln!(
                text,
                "  added {name} over the runs: min {:.0} ms, median {:.0} ms, p95 {:.0} ms, max {:.0} ms",
                min.0, median.0, p95.0, max.0
            );
        }
    }
    for (index, run) in report.runs.iter().enumerate() {
        let _ = writeln!(text, "  {}", run_line(index + 1, run));
    }
    let with_parts = report
        .runs
        .iter()
        .max_by_key(|run| run.pause_breakdown_ms.0.len());
    if let Some(run) = with_parts.filter(|run| !run.pause_breakdown_ms.0.is_empty()) {
        let names: Vec<&str> = run
            .pause_breakdown_ms
            .0
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let _ = writeln!(text, "  parts of the pause, in ms: {}", names.join(" + "));
    }
    text
}

fn run_line(number: usize, run: &RunRow) -> String {
    let outcome = match run.outcome {
        RunOutcome::Committed => "committed",
        RunOutcome::Aborted => "aborted",
        RunOutcome::Failed => "failed",
    };
    let error = run
        .error
        .as_deref()
        .map_or_else(String::new, |error| format!(", {error}"));
    let pause = run.pause_ms.map_or_else(
        || "no write was held".to_owned(),
        |pause| format!("p95 {:>4.0} ms, max {:>4.0} ms", pause.p95.0, pause.max.0),
    );
    let parts: Vec<String> = run
        .pause_breakdown_ms
        .0
        .iter()
        .map(|(_, length)| format!("{:.0}", length.0))
        .collect();
    let parts = if parts.is_empty() {
        String::new()
    } else {
        format!(" = {}", parts.join(" + "))
    };
    format!(
        "{number:>4} {:<8} {outcome:<9} {pause}, {} errors{parts}{error}",
        run.direction, run.errors
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_one_line_for_each_run_and_its_distribution() {
        let run = |outcome, errors| RunRow {
            direction: "cutover".into(),
            outcome,
            errors,
            error: (outcome == RunOutcome::Aborted).then(|| "WritersRemain".into()),
            pause_breakdown_ms: [("lock", 12.4), ("commit", 3.0)]
                .map(|(name, ms)| (name, crossover_core::FractionalMillis(ms)))
                .into_iter()
                .collect(),
            ..RunRow::default()
        };
        let runs = vec![run(RunOutcome::Committed, 0), run(RunOutcome::Aborted, 7)];
        let report = Report {
            series: Some(Series::of(&runs, 2, 7, false)),
            runs,
            ..Report::default()
        };
        let text = summary(&report, false);
        for line in [
            "  runs     1 committed, 1 aborted, 0 failed",
            "     1 cutover  committed no write was held, 0 errors = 12 + 3",
            "     2 cutover  aborted   no write was held, 7 errors = 12 + 3, WritersRemain",
            "  parts of the pause, in ms: lock + commit",
        ] {
            assert!(
                text.lines().any(|of_text| of_text == line),
                "{line:?} is not in\n{text}"
            );
        }
    }
}
