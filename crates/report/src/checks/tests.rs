//! The page contains every finding, and no text is interpreted as HTML.

use crossover_core::{
    Millis,
    finding::{CheckOutcome, CheckReport, CheckVerdict, Checked, CheckedDatabase, Finding, Severity},
    plan::Scope,
};

use super::{headline, page};

const NASTY: &str = "<script>alert('x')</script>\u{202e}";

fn finding(severity: Severity, object: &str) -> Finding {
    Finding {
        check: "PG00".to_owned(),
        severity,
        object: object.to_owned(),
        message: "is wrong".to_owned(),
        remedy: "correct it".to_owned(),
    }
}

fn report(outcomes: Vec<CheckOutcome>) -> CheckReport {
    let checks: Vec<Checked> = outcomes
        .into_iter()
        .map(|outcome| Checked {
            id: "PG00",
            looks_at: "something",
            outcome,
        })
        .collect();
    let side = CheckedDatabase {
        database: format!("{NASTY} on host:5432"),
        role: NASTY.to_owned(),
        tables: 3,
    };
    CheckReport {
        verdict: CheckVerdict::of(&checks),
        source: side.clone(),
        target: side,
        scope: Scope::default(),
        exempt_roles: vec![NASTY.to_owned()],
        notes: vec![NASTY.to_owned()],
        checks,
        began_at: "2026-03-01T09:30:00Z".to_owned(),
        elapsed_ms: Millis(1_200),
    }
}

fn ran(findings: Vec<Finding>) -> CheckOutcome {
    CheckOutcome::Ran { findings }
}

#[test]
fn every_object_of_every_finding_is_on_the_page_and_no_text_is_html() {
    let tables: Vec<Finding> = (1..=40)
        .map(|n| finding(Severity::Blocks, &format!("table{n}")))
        .collect();
    let text = page(&report(vec![
        ran(tables),
        ran(vec![finding(Severity::Warns, NASTY)]),
        CheckOutcome::NotCheckedHere {
            reason: NASTY.to_owned(),
        },
        CheckOutcome::CouldNotRun {
            reason: NASTY.to_owned(),
            remedy: NASTY.to_owned(),
        },
    ]));
    for n in 1..=40 {
        assert!(text.contains(&format!("<li>table{n}</li>")), "{n}");
    }
    assert!(!text.contains("<script") && !text.contains('\u{202e}'), "{text}");
    for reference in ["http", "src=", "url(", "@import", "<link"] {
        assert!(!text.contains(reference), "{reference}");
    }
}

#[test]
fn the_headline_follows_from_the_verdict() {
    let gone = || CheckOutcome::CouldNotRun {
        reason: "gone".to_owned(),
        remedy: "start it".to_owned(),
    };
    let elsewhere = || CheckOutcome::NotCheckedHere {
        reason: "elsewhere".to_owned(),
    };
    let blocks = || ran(vec![finding(Severity::Blocks, "a")]);
    assert_eq!(
        headline(&report(vec![blocks(), gone()])),
        "1 finding of 1 check blocks the cutover"
    );
    assert_eq!(
        headline(&report(vec![ran(Vec::new()), gone()])),
        "1 check could not run, so it is unknown whether a cutover may start"
    );
    let left = report(vec![ran(Vec::new()), elsewhere()]);
    assert_eq!(
        headline(&left),
        "no finding of 1 check blocks the cutover; 1 check is left to the run"
    );
    assert!(page(&left).contains("not checked here: elsewhere"));
    assert!(page(&left).contains("Not blocked"));
}
