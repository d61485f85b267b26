//! Faults that stay, each with the reason: `#checkov:skip=ID:reason` in the block of a resource, or a line of the list for a
//! check that is left out everywhere. Both are in checkov's own form, so that whoever runs it alone sees the same.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::report::Failure;

/// The list, in the folder that is checked. checkov takes it as its settings.
pub const LIST: &str = ".checkov.yaml";
/// What begins the comment.
const COMMENT: &str = "checkov:skip=";
/// Fewer words give no reason.
const WORDS_OF_A_REASON: usize = 3;

#[derive(Debug, PartialEq, Eq)]
pub struct Suppression {
    pub file: PathBuf,
    pub line: usize,
    check: String,
    reason: String,
    /// Of the list: for every resource.
    everywhere: bool,
}

impl Suppression {
    /// Whether this is the fault that stays.
    pub fn is_of(&self, failure: &Failure) -> bool {
        self.check == failure.check
            && (self.everywhere
                || self.file == failure.file && (failure.first_line..=failure.last_line).contains(&self.line))
    }

    /// What is wrong with it.
    pub fn fault(&self, failures: &[Failure]) -> Option<String> {
        let Self { check, .. } = self;
        if self.reason.split_whitespace().count() < WORDS_OF_A_REASON {
            return Some(format!(
                "{check} is left out without a reason; write it behind the name of the check"
            ));
        }
        if !failures.iter().any(|failure| self.is_of(failure)) {
            return Some(format!(
                "{check} has nothing left to find here; take the line out"
            ));
        }
        None
    }
}

/// The suppressions in a file, by their line.
pub fn of_file(path: &Path, text: &str) -> Vec<Suppression> {
    let of_line = |(at, line): (usize, &str)| {
        let (_, rest) = line.split_once(COMMENT)?;
        let (check, reason) = rest.split_once(':').unwrap_or((rest, ""));
        Some(Suppression {
            file: path.to_owned(),
            line: at + 1,
            check: check.trim().to_owned(),
            reason: reason.trim().to_owned(),
            everywhere: false,
        })
    };
    text.lines().enumerate().filter_map(of_line).collect()
}

/// The same text, whose comments suppress nothing.
pub fn without(text: &str) -> String {
    text.replace(COMMENT, "checkov-skip=")
}

/// The suppressions of the list: `  - ID # reason`.
pub fn of_list(folder: &Path) -> anyhow::Result<Vec<Suppression>> {
    let path = folder.join(LIST);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.with_context(|| path.display().to_string())?,
    };
    let name = folder.file_name().map_or(folder, Path::new).join(LIST);
    let of_line = |(at, line): (usize, &str)| {
        let item = line.trim().strip_prefix("- ")?;
        let (check, reason) = item.split_once('#').unwrap_or((item, ""));
        Some(Suppression {
            file: name.clone(),
            line: at + 1,
            check: check.trim().to_owned(),
            reason: reason.trim().to_owned(),
            everywhere: true,
        })
    };
    Ok(text.lines().enumerate().filter_map(of_line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(check: &str, lines: [usize; 2]) -> Failure {
        Failure {
            check: check.to_owned(),
            name: "what should hold".to_owned(),
            file: "a.tf".into(),
            first_line: lines[0],
            last_line: lines[1],
            resource: "aws_x.y".to_owned(),
        }
    }

    #[test]
    fn a_comment_suppresses_its_check_in_its_block_only() {
        let text =
            "resource \"aws_x\" \"y\" {\n  #checkov:skip=CKV_A_1:the service demands it: see there\n}\n";
        let found = of_file(Path::new("a.tf"), text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].line, found[0].reason.as_str()),
            (2, "the service demands it: see there")
        );
        assert!(found[0].is_of(&failure("CKV_A_1", [1, 3])));
        assert!(!found[0].is_of(&failure("CKV_A_2", [1, 3])));
        assert!(!found[0].is_of(&failure("CKV_A_1", [4, 9])));
        assert_eq!(of_file(Path::new("a.tf"), &without(text)), []);
        assert_eq!(without(text).lines().count(), text.lines().count());
    }

    #[test]
    fn a_suppression_needs_a_reason_and_something_to_suppress() {
        let fault = |text: &str| {
            let found = of_file(Path::new("a.tf"), text);
            found[0].fault(&[failure("CKV_A_1", [1, 3])])
        };
        assert_eq!(fault("#checkov:skip=CKV_A_1:the service demands it"), None);
        for text in [
            "#checkov:skip=CKV_A_1",
            "#checkov:skip=CKV_A_1:",
            "#checkov:skip=CKV_A_1:false positive",
        ] {
            assert!(fault(text).unwrap().contains("without a reason"), "{text}");
        }
        let stale = fault("#checkov:skip=CKV_A_2:the service demands it").unwrap();
        assert!(stale.contains("nothing left to find"), "{stale}");
    }

    #[test]
    fn the_list_leaves_a_check_out_everywhere_with_a_reason_in_its_line() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of_list(folder.path()).unwrap(), []);
        let text = "# of checkov\nskip-check:\n  - CKV_A_1 # no such thing is here\n  - CKV_A_2\n";
        fs::write(folder.path().join(LIST), text).unwrap();
        let found = of_list(folder.path()).unwrap();
        let failures = [failure("CKV_A_1", [1, 3]), failure("CKV_A_2", [1, 3])];
        assert_eq!(found.iter().map(|one| one.line).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(found[0].fault(&failures), None);
        assert!(found[1].fault(&failures).unwrap().contains("without a reason"));
    }
}
