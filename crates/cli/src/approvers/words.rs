//! The answer in words.

use std::fmt::Write as _;

use super::Answer;

/// The answer for a terminal.
pub fn text(answer: &Answer<'_>) -> String {
    let protection = answer.protection;
    let mut text = String::new();
    let verdict = if answer.approval_required {
        "SOMEBODY HAS TO APPROVE"
    } else {
        "NOBODY HAS TO APPROVE"
    };
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "{verdict}  environment {} of {}",
        answer.environment, answer.repository
    );
    let mut line = |what: &str, content: &str| {
        let _ = writeln!(text, "  {what:<12}{content}");
    };
    if answer.approval_required {
        let reviewers = [("user", &protection.users), ("team", &protection.teams)];
        let reviewers: Vec<String> = reviewers
            .iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind} {name}")))
            .collect();
        line("one of", &reviewers.join(", "));
        let own = if protection.prevent_self_review {
            "whoever starts the run cannot approve it"
        } else {
            "whoever starts the run may approve it, if named here; to prevent that, set \"Prevent self-review\" in the environment"
        };
        line("self-review", own);
        if protection.can_admins_bypass == Some(true) {
            line(
                "bypass",
                "administrators can let a job pass without an approval; to prevent that, clear \"Allow administrators to bypass\" in the environment",
            );
        }
    }
    if protection.wait_timer_minutes > 0 {
        let minutes = protection.wait_timer_minutes;
        line(
            "wait timer",
            &format!("{minutes} min, which is a delay and no approval"),
        );
    }
    if !answer.approval_required {
        let remedy = format!(
            "in the repository's Settings, Environments, {}: enable \"Required reviewers\" and name users or teams (up to six)",
            answer.environment
        );
        line("remedy", &remedy);
        line(
            "",
            "in a private repository that needs GitHub Enterprise; without it, let the state machine wait for an approval, or use another control",
        );
    }
    text
}
