//! What checkov prints.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;

/// A resource that a check finds at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub check: String,
    /// What should hold, in checkov's words.
    pub name: String,
    /// Relative to the folder that was checked.
    pub file: PathBuf,
    pub first_line: usize,
    pub last_line: usize,
    /// Its address within its own module.
    pub resource: String,
}

/// Everything that it found.
#[derive(Debug, Default)]
pub struct Report {
    pub failures: Vec<Failure>,
    /// Files that it could not read.
    pub unread: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Answer {
    results: Results,
}

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    failed_checks: Vec<Failed>,
    #[serde(default)]
    skipped_checks: Vec<Failed>,
    #[serde(default)]
    parsing_errors: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Failed {
    check_id: String,
    check_name: String,
    file_path: PathBuf,
    file_line_range: [usize; 2],
    resource: String,
}

/// Reads the answer about the files in a folder.
///
/// # Errors
/// It is not of the form that the pinned version has, or something was suppressed behind our back.
pub fn read(answer: &[u8], folder: &Path) -> anyhow::Result<Report> {
    let value: Value = serde_json::from_slice(answer).context("the answer of checkov is not JSON")?;
    // Without any resource it has another form, which cannot be, because faults are planted.
    let answer: Answer = serde_json::from_value(value).context("the answer of checkov has another form")?;
    let results = answer.results;
    if let Some(skipped) = results.skipped_checks.first() {
        bail!(
            "checkov has left out {} of {} by itself; remove its settings from this machine",
            skipped.check_id,
            skipped.resource
        );
    }
    // A file with a fault begins with a slash, as if the folder were the root; one that cannot be read is the whole path.
    let below = |path: PathBuf| {
        let inside = path.strip_prefix(folder).or_else(|_| path.strip_prefix("/"));
        inside.map(PathBuf::from).unwrap_or(path)
    };
    Ok(Report {
        failures: results
            .failed_checks
            .into_iter()
            .map(|failed| Failure {
                check: failed.check_id,
                name: failed.check_name,
                file: below(failed.file_path),
                first_line: failed.file_line_range[0],
                last_line: failed.file_line_range[1],
                resource: within_module(&failed.resource).to_owned(),
            })
            .collect(),
        unread: results.parsing_errors.into_iter().map(below).collect(),
    })
}

/// `module.a.module.b.aws_x.y` is `aws_x.y` in the file that says so; each caller would report it again.
fn within_module(address: &str) -> &str {
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let Some((_, inner)) = after.split_once('.') else {
            return rest;
        };
        rest = inner;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_the_same_address_whoever_calls_its_module() {
        assert_eq!(within_module("aws_x.y"), "aws_x.y");
        assert_eq!(
            within_module("module.a[0].module.b.aws_x.y[\"k\"]"),
            "aws_x.y[\"k\"]"
        );
        assert_eq!(within_module("module.a"), "module.a");
    }

    #[test]
    fn what_is_no_answer_and_what_was_left_out_unasked_is_an_error() {
        let of_scratch = |answer: &[u8]| read(answer, Path::new("/scratch/files"));
        assert!(of_scratch(b"").is_err());
        assert!(of_scratch(b"{\"passed\": 0}").is_err());
        let unread = of_scratch(br#"{"results": {"parsing_errors": ["/scratch/files/a/b.tf"]}}"#).unwrap();
        assert_eq!(unread.unread, [PathBuf::from("a/b.tf")]);
        let skipped = br#"{"results": {"skipped_checks": [{"check_id": "CKV_A_1", "check_name": "n", "file_path": "/a.tf",
            "file_line_range": [1, 2], "resource": "a.b"}]}}"#;
        assert!(of_scratch(skipped).unwrap_err().to_string().contains("CKV_A_1"));
    }
}
