//! The page of the pre-checks: one file that answers an operator's questions in this order. May the cutover
//! start? What stands in the way, and what removes it? What is unknown?

#[cfg(test)]
mod tests;

use crossover_core::finding::{
    CheckReport, CheckVerdict, Checked, CheckedDatabase, FindingGroup, Severity, grouped,
};
use maud::{Markup, html};

use crate::{
    number::{count, duration},
    page::{self, Figure, State, document, folded, header, items, joined, name, section, table},
};

const STYLE: &str = include_str!("checks.css");

/// The number of objects of one finding that are listed unfolded.
const OPEN: usize = 10;

pub fn page(report: &CheckReport) -> String {
    let body = html! {
        (head(report))
        (notes(report))
        (findings("What blocks the cutover", "problems", report, Severity::Blocks))
        (could_not_run(report))
        (findings("Warnings", "warnings", report, Severity::Warns))
        (every_check(report))
        (footer())
    };
    document("Pre-checks · Crossover check", STYLE, &body)
}

/// The verdict in one sentence.
pub fn headline(report: &CheckReport) -> String {
    let here = report.checks.len() - report.not_here().count();
    match report.verdict {
        CheckVerdict::Blocked => {
            let blocking: Vec<_> = report.findings(Severity::Blocks).collect();
            let groups = grouped(blocking.iter().copied());
            let checks = groups.chunk_by(|one, other| one.check == other.check).count();
            format!(
                "{} of {} {} the cutover",
                many(blocking.len(), "finding", "findings"),
                many(checks, "check", "checks"),
                if blocking.len() == 1 { "blocks" } else { "block" }
            )
        }
        CheckVerdict::Unknown => format!(
            "{} could not run, so it is unknown whether a cutover may start",
            many(report.not_run().count(), "check", "checks")
        ),
        CheckVerdict::NotBlocked => format!(
            "no finding of {} blocks the cutover; {} left to the run",
            many(here, "check", "checks"),
            match report.not_here().count() {
                1 => "1 check is".to_owned(),
                more => format!("{more} checks are"),
            }
        ),
    }
}

/// `1 check`, `2 checks`.
fn many(number: usize, one: &str, more: &str) -> String {
    format!(
        "{} {}",
        count(number as u64),
        if number == 1 { one } else { more }
    )
}

fn head(report: &CheckReport) -> Markup {
    let warnings = report.findings(Severity::Warns).count();
    let (state, sign, word) = match report.verdict {
        CheckVerdict::Blocked => (State::Bad, '✕', "Blocked"),
        CheckVerdict::Unknown => (State::Fair, '?', "Unknown"),
        CheckVerdict::NotBlocked if warnings > 0 => (State::Fair, '!', "Not blocked"),
        CheckVerdict::NotBlocked => (State::Good, '✓', "Not blocked"),
    };
    let about = format!(
        "Crossover check · {} → {} · {}",
        report.source.database, report.target.database, report.began_at
    );
    let lead = format!(
        "The pre-checks of a cutover, against two databases that were reached directly, in {}. Nothing was changed.",
        duration(report.elapsed_ms)
    );
    let figure = |number: usize, name, bad: bool| Figure {
        text: count(number as u64),
        name,
        bad: bad && number > 0,
    };
    html! {
        (header(state, sign, &about, &format!("{word}: {}.", headline(report)), &lead))
        (page::figures(&[
            figure(report.findings(Severity::Blocks).count(), "blocking findings", true),
            figure(warnings, "warnings", false),
            figure(report.not_run().count(), "checks could not run", true),
            figure(report.passed().len(), "checks passed", false),
            figure(report.not_here().count(), "not checked here", false),
            figure(report.source.tables as usize, "tables of the source", false),
        ]))
    }
}

fn notes(report: &CheckReport) -> Markup {
    let side = |label: &str, side: &CheckedDatabase| {
        format!(
            "{label}: {}, asked as role {}, {} tables in scope",
            side.database,
            side.role,
            count(side.tables)
        )
    };
    let listed = |what: &str, names: &[String]| {
        let names = names.join(", ");
        (!names.is_empty()).then(|| format!("{what}: {names}"))
    };
    let mut lines = vec![side("source", &report.source), side("target", &report.target)];
    lines.extend(listed("schemas in scope", &report.scope.schemas));
    lines.extend(listed("tables left out", &report.scope.exclude));
    lines.extend(listed("exempt roles", &report.exempt_roles));
    lines.extend(report.notes.iter().map(|note| format!("Note: {note}")));
    section("What was asked", "", &html! { ul.plain { (items(lines)) } })
}

fn findings(title: &str, class: &str, report: &CheckReport, severity: Severity) -> Markup {
    let groups = grouped(report.findings(severity));
    html! {
        @if !groups.is_empty() {
            section class=(class) {
                h2 { (title) }
                ul.findings {
                    @for group in &groups { (finding(group)) }
                }
            }
        }
    }
}

fn finding(group: &FindingGroup<'_>) -> Markup {
    let objects: Vec<Markup> = group
        .objects
        .iter()
        .map(|object| html! { li { (name(object)) } })
        .collect();
    html! {
        li {
            b { (group.check) } " "
            @if let [object] = group.objects.as_slice() {
                (name(object)) ": " (group.message)
            } @else {
                (many(objects.len(), "object", "objects")) ", each: " (group.message)
            }
            span.remedy { (group.remedy) }
            @if objects.len() > 1 {
                (folded(
                    objects.len() <= OPEN,
                    &html! { (many(objects.len(), "object", "objects")) },
                    &html! { ul.plain { (joined(&objects)) } },
                ))
            }
        }
    }
}

fn could_not_run(report: &CheckReport) -> Markup {
    let failed: Vec<_> = report.not_run().collect();
    html! {
        @if !failed.is_empty() {
            section.problems {
                h2 { "Could not run" }
                p.note { "The results of these checks are unknown. Unknown never counts as passed." }
                ul.findings {
                    @for (id, reason, remedy) in failed {
                        li { b { (id) } " " (reason) span.remedy { (remedy) } }
                    }
                }
            }
        }
    }
}

fn every_check(report: &CheckReport) -> Markup {
    let rows: Vec<Markup> = report.checks.iter().map(check).collect();
    section(
        "Every check",
        "In the order in which they run. docs/checks.md says why each one matters.",
        &table(
            None,
            &html! { tr { th { "Check" } th { "Looks at" } th { "Result" } } },
            &joined(&rows),
        ),
    )
}

fn check(checked: &Checked) -> Markup {
    use crossover_core::finding::CheckOutcome::{CouldNotRun, NotApplicable, NotCheckedHere, Ran};
    let (class, result) = match &checked.outcome {
        Ran { findings } if findings.is_empty() => ("good", "✓ passed".to_owned()),
        Ran { findings } if findings.iter().all(|f| f.severity == Severity::Warns) => {
            ("fair", many(findings.len(), "warning", "warnings"))
        }
        Ran { findings } => (
            "bad",
            format!("✕ {}", many(findings.len(), "finding", "findings")),
        ),
        CouldNotRun { .. } => ("bad", "✕ could not run".to_owned()),
        NotCheckedHere { reason } => ("", format!("not checked here: {reason}")),
        NotApplicable { reason } => ("", format!("not applicable: {reason}")),
    };
    html! {
        tr {
            td { b { (checked.id) } }
            td { (checked.looks_at) }
            td class=(class) { (result) }
        }
    }
}

fn footer() -> Markup {
    html! {
        footer {
            p {
                b { "Blocks." } " The stage pre-check of a cutover refuses to start. "
                b { "Warning." } " For information; the cutover may start."
            }
            p {
                b { "Not checked here." }
                " The check asks something that only a run can reach. It has not passed; the stage pre-check still makes it."
            }
        }
    }
}
