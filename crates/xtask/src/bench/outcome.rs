//! The outcome of a run.

use std::collections::BTreeMap;

use crate::bench::{
    judgement::{Judgement, Named, judge},
    planted::Planted,
};

/// How a candidate's run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The candidate reports that both sides are equal.
    Equal,
    /// The rows that the candidate reports as different, by key.
    Different(BTreeMap<u64, Named>),
    /// The candidate was killed at the time limit.
    OverLimit,
    /// The candidate gave no answer, or marks its answer as unreliable; its last line of output.
    Failed(String),
}

impl Outcome {
    /// A short description.
    pub fn describe(&self) -> String {
        match self {
            Self::Equal => "equal".to_owned(),
            Self::Different(named) => format!("{} differences", named.len()),
            Self::OverLimit => "over the time limit".to_owned(),
            Self::Failed(words) => format!("failed: {words}"),
        }
    }

    /// The judgement about the planted rows; none if there was no answer.
    pub fn judged(&self, planted: &[Planted]) -> Option<Judgement> {
        match self {
            Self::Equal => Some(judge(planted, &BTreeMap::new())),
            Self::Different(named) => Some(judge(planted, named)),
            Self::OverLimit | Self::Failed(_) => None,
        }
    }
}

/// The last line that is not empty.
pub fn last_line(text: &str) -> String {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.unwrap_or("no output").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_is_not_empty_is_found() {
        assert_eq!(last_line("one\n two \n\n"), "two");
        assert_eq!(last_line(" \n"), "no output");
    }
}
