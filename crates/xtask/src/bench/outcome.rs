//! What a run came to.

use std::collections::BTreeMap;

use crate::bench::{
    judgement::{Judgement, Named, judge},
    planted::Planted,
};

/// How a candidate's run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides are equal, it says.
    Equal,
    /// These rows differ, by key.
    Different(BTreeMap<u64, Named>),
    /// It was killed when its time was over.
    OverLimit,
    /// It gave no answer, or one it says itself is not to be relied on; its last words.
    Failed(String),
}

impl Outcome {
    /// In a few words.
    pub fn describe(&self) -> String {
        match self {
            Self::Equal => "equal".to_owned(),
            Self::Different(named) => format!("{} differences", named.len()),
            Self::OverLimit => "over the time limit".to_owned(),
            Self::Failed(words) => format!("failed: {words}"),
        }
    }

    /// What was found of the planted rows; none if there was no answer.
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
    line.unwrap_or("nothing was said").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_told() {
        assert_eq!(last_line("one\n two \n\n"), "two");
        assert_eq!(last_line(" \n"), "nothing was said");
    }
}
