//! Rules over what was read from files.

use crate::Findings;

/// One rule over subjects of one kind.
pub struct Rule<Subject: ?Sized> {
    /// As a finding names it.
    pub name: &'static str,
    /// What must hold, in one sentence.
    pub about: &'static str,
    pub check: fn(&Subject, &mut Findings),
}

/// Applies every rule to a subject.
pub fn apply<Subject: ?Sized>(rules: &[Rule<Subject>], subject: &Subject, findings: &mut Findings) {
    for rule in rules {
        findings.begin(rule.name);
        (rule.check)(subject, findings);
    }
}

/// The rules of a check, a line each.
pub fn listed<Subject: ?Sized>(rules: &[Rule<Subject>]) -> String {
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let line = |rule: &Rule<Subject>| format!("{:<width$}  {}\n", rule.name, rule.about);
    rules.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const RULES: &[Rule<str>] = &[
        Rule {
            name: "short",
            about: "texts are short",
            check: |text, findings| {
                if text.len() > 3 {
                    findings.add((Path::new("a"), 1), "too long");
                }
            },
        },
        Rule {
            name: "lower-case",
            about: "texts are in lower case",
            check: |_, _| {},
        },
    ];

    #[test]
    fn a_finding_carries_the_name_of_its_rule() {
        let mut findings = Findings::default();
        apply(RULES, "long", &mut findings);
        let rules: Vec<&str> = findings.sorted().iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["short"]);
        assert_eq!(
            listed(RULES),
            "short       texts are short\nlower-case  texts are in lower case\n"
        );
    }
}
