//! What a local AWS forgets of a resource, so that a second plan wants to change it. An exception that excuses
//! nothing is a finding, so the list cannot outlive its reasons.

use std::collections::BTreeSet;
use std::fmt;

use super::changes::Change;

/// Attributes of a type of resource that need not be as they were applied.
#[derive(Debug)]
pub struct Exception {
    pub kind: &'static str,
    pub attributes: &'static [&'static str],
    pub reason: &'static str,
}

/// The exceptions for `environments/dev`.
pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        kind: "aws_cloudwatch_metric_alarm",
        attributes: &[
            "actions_enabled",
            "alarm_actions",
            "alarm_description",
            "dimensions",
            "ok_actions",
            "period",
            "statistic",
            "treat_missing_data",
        ],
        reason: "MiniStack 1.5.33 does not give them back when an alarm is described",
    },
    Exception {
        kind: "aws_vpc_endpoint",
        attributes: &["private_dns_enabled", "security_group_ids"],
        reason: "MiniStack 1.5.33 does not give them back when an interface endpoint is described",
    },
    Exception {
        kind: "output",
        attributes: &["cluster_endpoints"],
        reason: "MiniStack 1.5.33 gives a cluster the address of its first instance as soon as there is one",
    },
];

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.attributes.join(", ");
        write!(f, "{}: {list} ({})", self.kind, self.reason)
    }
}

/// Whether a change is an update of nothing but what is forgotten.
pub fn excuse(change: &Change, exceptions: &[Exception]) -> bool {
    change.updates() && excused(change, exceptions).len() == change.attributes.len()
}

/// Type and attribute of everything in a change that an exception names.
fn excused(change: &Change, exceptions: &[Exception]) -> BTreeSet<(&'static str, &'static str)> {
    let of_kind = exceptions
        .iter()
        .filter(|exception| exception.kind == change.kind);
    of_kind
        .flat_map(|exception| exception.attributes.iter().map(|one| (exception.kind, *one)))
        .filter(|(_, attribute)| change.attributes.contains(*attribute))
        .collect()
}

/// A line for every change without an excuse, and for every exception without a use.
pub fn judge(changes: &[Change], exceptions: &[Exception]) -> Vec<String> {
    let lone = changes.iter().filter(|change| !excuse(change, exceptions));
    let mut lines: Vec<String> = lone
        .map(|change| format!("a plan right after the apply wants a change: {change}"))
        .collect();
    let used: BTreeSet<_> = changes
        .iter()
        .flat_map(|change| excused(change, exceptions))
        .collect();
    for exception in exceptions {
        let idle = |attribute: &&&str| !used.contains(&(exception.kind, **attribute));
        for attribute in exception.attributes.iter().filter(idle) {
            lines.push(format!(
                "the exception for {attribute} of {} is no longer needed ({}): take it out of crates/terraform-check/src/apply/exceptions.rs",
                exception.kind, exception.reason
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORGETS: &[Exception] = &[Exception {
        kind: "aws_x",
        attributes: &["a", "b"],
        reason: "an emulator forgets them",
    }];

    fn change(actions: &[&str], attributes: &[&str]) -> Change {
        Change {
            address: "aws_x.one".to_owned(),
            kind: "aws_x".to_owned(),
            actions: actions.iter().map(ToString::to_string).collect(),
            attributes: attributes.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn only_an_update_of_nothing_but_excepted_attributes_is_excused() {
        let both = change(&["update"], &["a", "b"]);
        assert_eq!(judge(std::slice::from_ref(&both), FORGETS), [""; 0]);
        for other in [
            change(&["update"], &["a", "b", "c"]),
            change(&["delete", "create"], &["a", "b"]),
            change(&["create"], &[]),
        ] {
            let lines = judge(&[both.clone(), other.clone()], FORGETS);
            assert_eq!(lines.len(), 1);
            assert!(lines[0].ends_with(&other.to_string()), "{lines:?}");
        }
        assert_eq!(judge(&[both], &[]).len(), 1);
    }

    #[test]
    fn an_exception_that_excuses_nothing_is_named() {
        let lines = judge(&[change(&["update"], &["a"])], FORGETS);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains("the exception for b of aws_x is no longer needed"),
            "{lines:?}"
        );
    }

    #[test]
    fn every_exception_says_why() {
        for exception in EXCEPTIONS {
            assert!(exception.reason.split(' ').count() > 3 && !exception.attributes.is_empty());
        }
    }
}
