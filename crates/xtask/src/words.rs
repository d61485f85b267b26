//! The neutral crates name no engine's ways and no cloud service: proven from their sources, comments and
//! tests included.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// Sources that hold rules for every engine, and the engine in memory that proves the seam.
const NEUTRAL: &[&str] = &["crates/core/src", "crates/routing/src", "crates/testkit/src"];

/// Words of one engine or service. A word is forbidden as a whole part of an identifier, in any case and with
/// a plural `s`; one that ends in `_` as the beginning of a name.
const FORBIDDEN: &[&str] = &[
    "arn",
    "aurora",
    "autovacuum",
    "cloudwatch",
    "datacl",
    "debezium",
    "dms",
    "dynamodb",
    "lambda",
    "lsn",
    "pg_",
    "slot",
    "test_decoding",
    "vacuum",
];

/// Lines that may hold such a word. There are none.
const ALLOWED: &[&str] = &[];

/// Fails with every line that holds a forbidden word.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut offences = Vec::new();
    for folder in NEUTRAL {
        let files = sources(&workspace.root.join(folder))?;
        if files.is_empty() {
            bail!("{folder} has no sources: the list of neutral crates in xtask is out of date");
        }
        for file in files {
            let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let name = file
                .strip_prefix(&workspace.root)
                .unwrap_or(&file)
                .display()
                .to_string();
            offences.extend(offending_lines(&name, &text));
        }
    }
    if offences.is_empty() {
        return Ok(());
    }
    bail!(
        "{} know no single engine; say it in words every engine has, or move it to the engine's crate:\n  {}",
        NEUTRAL.join(", "),
        offences.join("\n  ")
    )
}

fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Every line with a forbidden word, with its place.
fn offending_lines(name: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let offending = lines.filter_map(|(index, line)| {
        let word = forbidden_word(line)?;
        let is_allowed = ALLOWED.iter().any(|allowed| line.contains(allowed));
        (!is_allowed).then(|| format!("{name}:{}: {word}: {}", index + 1, line.trim()))
    });
    offending.collect()
}

/// The first forbidden word of a line.
fn forbidden_word(line: &str) -> Option<&'static str> {
    let parts = parts(line);
    FORBIDDEN.iter().copied().find(|word| {
        let wanted: Vec<&str> = word.split('_').filter(|part| !part.is_empty()).collect();
        parts.windows(wanted.len()).any(|found| {
            let joined = found[..found.len() - 1].iter().all(|part| part.joined);
            let whole = found.iter().zip(&wanted).all(|(part, wanted)| part.is(wanted));
            let goes_on = !word.ends_with('_') || found.last().is_some_and(|part| part.joined);
            joined && whole && goes_on
        })
    })
}

/// A part of an identifier, in lower case.
struct Part {
    text: String,
    /// `_` and another part follow.
    joined: bool,
}

impl Part {
    fn is(&self, word: &str) -> bool {
        self.text == word || self.text.strip_suffix('s') == Some(word)
    }
}

/// The parts of all identifiers of a line: cut at `_`, at digits and where a capital follows a small letter.
fn parts(line: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut text = String::new();
    let mut before = ' ';
    let mut end = |text: &mut String, joined: bool| {
        if !text.is_empty() {
            parts.push(Part {
                text: std::mem::take(text).to_lowercase(),
                joined,
            });
        }
    };
    let characters: Vec<char> = line.chars().chain([' ']).collect();
    for (index, now) in characters.iter().copied().enumerate() {
        if now.is_ascii_alphabetic() {
            let after = characters.get(index + 1).copied().unwrap_or(' ');
            let begins = now.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || (before.is_ascii_uppercase() && after.is_ascii_lowercase()));
            // A plural of a word in capitals, as in ARNs, is one part.
            let plural = after == 's' && !characters.get(index + 2).is_some_and(char::is_ascii_alphabetic);
            if begins && !(plural && before.is_ascii_uppercase()) {
                end(&mut text, false);
            }
            text.push(now);
        } else {
            let more = characters.get(index + 1).is_some_and(char::is_ascii_alphanumeric);
            end(&mut text, now == '_' && more);
        }
        before = now;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_prose_names_and_types() {
        for (line, word) in [
            ("/// The LSN of it.", "lsn"),
            ("pub fn current_lsn() -> Lsn {", "lsn"),
            ("struct SlotState;", "slot"),
            ("let max_replication_slots = 1;", "slot"),
            ("enum Defect { SlotsStay }", "slot"),
            ("pub replication_instance_arn: String,", "arn"),
            ("//! has three ARNs", "arn"),
            ("let taskArn = 1;", "arn"),
            ("//! (AWS DMS).", "dms"),
            ("struct DmsTask;", "dms"),
            ("\"DMSTask\"", "dms"),
            ("select datacl::text", "datacl"),
            ("\"test_decoding\".to_owned()", "test_decoding"),
            ("`pg_sequences.last_value`", "pg_"),
            ("PG_DUMP", "pg_"),
        ] {
            assert_eq!(forbidden_word(line), Some(word), "{line}");
        }
    }

    #[test]
    fn other_words_that_hold_the_letters_are_not_found() {
        for line in [
            "#[warn(unused)]",
            "let learn = yearn;",
            "/// Check PG11 of the list",
            "let pg = 1;",
            "tests the decoding of a test",
            "slotted",
            "admset",
        ] {
            assert_eq!(forbidden_word(line), None, "{line}");
        }
    }

    #[test]
    fn every_offending_line_is_named_with_its_place() {
        let text = "fine\nlet slot = 1;\nfine\n// an LSN";
        assert_eq!(
            offending_lines("core.rs", text),
            ["core.rs:2: slot: let slot = 1;", "core.rs:4: lsn: // an LSN"]
        );
    }

    #[test]
    fn no_line_is_excepted() {
        assert!(ALLOWED.is_empty());
    }

    #[test]
    fn the_sources_of_this_checkout_are_neutral() {
        check(&Workspace::find().unwrap()).unwrap();
    }
}
