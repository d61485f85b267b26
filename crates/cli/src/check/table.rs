//! The report as a table for the terminal.

use std::{collections::BTreeMap, fmt::Write as _};

use crossover_core::finding::{
    CheckReport, CheckVerdict, Checked, CheckedDatabase, FindingGroup, Severity, grouped,
};
use crossover_report::{checks::headline, number::duration};

use crate::visible::visible;

/// Number of objects named in a finding about many of them.
const NAMED: usize = 3;
/// Number of different findings shown of one check.
const SHOWN: usize = 10;
/// Where the third column begins.
const INDENT: &str = "                 ";

/// The report; with `all` every finding and every object is named.
pub fn text(report: &CheckReport, all: bool) -> String {
    // Writing into a string cannot fail.
    let mut text = String::new();
    let verdict = match report.verdict {
        CheckVerdict::NotBlocked => "NOT BLOCKED",
        CheckVerdict::Blocked => "BLOCKED",
        CheckVerdict::Unknown => "UNKNOWN",
    };
    let _ = writeln!(text, "{verdict}: {}", headline(report));
    for (label, side) in [("source", &report.source), ("target", &report.target)] {
        let _ = writeln!(text, "  {label}  {}", described(side));
    }
    for note in &report.notes {
        let _ = writeln!(text, "  note    {}", visible(note));
    }
    let _ = writeln!(text, "\n  check  severity  finding");
    for severity in [Severity::Blocks, Severity::Warns] {
        findings(&mut text, &grouped(report.findings(severity)), all);
    }
    for (id, reason, remedy) in report.not_run() {
        row(&mut text, id, "unknown", &format!("could not run: {reason}"));
        line(&mut text, &format!("remedy: {remedy}"));
    }
    let mut elsewhere: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, reason) in report.not_here() {
        elsewhere.entry(reason).or_default().push(id);
    }
    for (reason, ids) in elsewhere {
        for id in ids {
            row(&mut text, id, "-", &format!("not checked here: {reason}"));
        }
    }
    let passed = report.passed();
    if !passed.is_empty() {
        let _ = writeln!(text, "  passed: {}", passed.join(", "));
    }
    let mut of_plan = report.checks.iter().flat_map(Checked::findings);
    if of_plan.any(|finding| finding.remedy.contains("scope.exclude")) {
        let _ = writeln!(
            text,
            "  scope.exclude is a field of the plan; here it is --exclude"
        );
    }
    let _ = writeln!(
        text,
        "  checked in {}; nothing was changed",
        duration(report.elapsed_ms)
    );
    text
}

fn described(side: &CheckedDatabase) -> String {
    format!(
        "{}, role {}, {} tables in scope",
        visible(&side.database),
        visible(&side.role),
        side.tables
    )
}

fn findings(text: &mut String, groups: &[FindingGroup<'_>], all: bool) {
    for of_check in groups.chunk_by(|one, other| one.check == other.check) {
        let shown = if all { of_check.len() } else { SHOWN };
        for group in of_check.iter().take(shown) {
            finding(text, group, all);
        }
        if of_check.len() > shown {
            let more = of_check.len() - shown;
            line(
                text,
                &format!(
                    "and {more} more findings of {} (--all shows them, and the report does)",
                    of_check[0].check
                ),
            );
        }
    }
}

fn finding(text: &mut String, group: &FindingGroup<'_>, all: bool) {
    let severity = match group.severity {
        Severity::Blocks => "blocks",
        Severity::Warns => "warns",
    };
    match group.objects.as_slice() {
        [object] => row(
            text,
            group.check,
            severity,
            &format!("{object}: {}", group.message),
        ),
        objects => {
            let message = format!("{} objects, each: {}", objects.len(), group.message);
            row(text, group.check, severity, &message);
            let named = if all { objects.len() } else { NAMED };
            let more = match objects.len().saturating_sub(named) {
                0 => String::new(),
                more => format!(" and {more} more (--all names them, and the report does)"),
            };
            let first: Vec<&str> = objects.iter().take(named).copied().collect();
            line(text, &format!("{}{more}", first.join(", ")));
        }
    }
    line(text, &format!("remedy: {}", group.remedy));
}

fn row(text: &mut String, id: &str, severity: &str, finding: &str) {
    let _ = writeln!(text, "  {id:<5}  {severity:<8}  {}", visible(finding));
}

fn line(text: &mut String, content: &str) {
    let _ = writeln!(text, "  {INDENT}{}", visible(content));
}
