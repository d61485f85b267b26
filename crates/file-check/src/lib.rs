//! What the checks of files that are no Rust have in common: rules, what they find and where, the linters of others, the
//! verdict, the program.

pub mod linter;
pub mod program;
pub mod results;
pub mod rules;

use std::fmt;
use std::path::{Path, PathBuf};

/// One fault in a file. The order is that of the report: by file, then by line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// The rule, or the part of the check, that found it.
    pub rule: &'static str,
    /// The fault and its remedy, in one sentence.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            rule,
            text,
        } = self;
        write!(f, "{}:{line}: {text} [{rule}]", file.display())
    }
}

/// Collects the findings of one rule after another.
#[derive(Debug, Default)]
pub struct Findings {
    rule: &'static str,
    all: Vec<Finding>,
}

impl Findings {
    /// The following findings are those of this rule.
    pub fn begin(&mut self, rule: &'static str) {
        self.rule = rule;
    }

    pub fn add(&mut self, place: (&Path, usize), text: impl Into<String>) {
        self.all.push(Finding {
            file: place.0.to_owned(),
            line: place.1,
            rule: self.rule,
            text: text.into(),
        });
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All findings in the order of the report, each once.
    pub fn sorted(mut self) -> Vec<Finding> {
        self.all.sort();
        self.all.dedup();
        self.all
    }
}
