//! Values as they are shown: a long one by its beginning, its length and its hash, so that a row takes little memory
//! whatever it holds.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{RowKey, RowValues};

/// Longer values, in bytes of UTF-8, are not kept whole.
pub const LONG_BYTES: usize = 1_024;
/// Characters of a long value that are kept.
pub const HEAD_CHARACTERS: usize = 64;

/// The text of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Shown {
    /// The whole value.
    Whole(String),
    /// A value of more than 1,024 bytes.
    Long {
        /// Its first 64 characters.
        head: String,
        /// Its length in UTF-8.
        bytes: u64,
        /// SHA-256 of its text in UTF-8, in hexadecimal digits.
        sha256: String,
    },
}

impl Shown {
    pub fn of(text: String) -> Self {
        if text.len() <= LONG_BYTES {
            return Self::Whole(text);
        }
        Self::Long {
            head: text.chars().take(HEAD_CHARACTERS).collect(),
            bytes: text.len() as u64,
            sha256: hexadecimal(&Sha256::digest(text.as_bytes())),
        }
    }

    /// The length of the value itself, in UTF-8.
    pub const fn bytes(&self) -> u64 {
        match self {
            Self::Whole(text) => text.len() as u64,
            Self::Long { bytes, .. } => *bytes,
        }
    }

    /// The value, or the beginning of a long one.
    pub fn text(&self) -> &str {
        match self {
            Self::Whole(text) => text,
            Self::Long { head, .. } => head,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(text) => f.write_str(text),
            Self::Long { head, bytes, sha256 } => write!(f, "{head}… ({bytes} bytes, SHA-256 {sha256})"),
        }
    }
}

/// A row with its values as they are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowShown {
    pub key: RowKey,
    /// In the order of [`super::HashPlan::columns`].
    pub values: Vec<Option<Shown>>,
    /// Some value is no text: its bytes are shown.
    pub has_bytes: bool,
}

/// Identifies the values of a row: equal for equal rows, different for all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPrint([u8; 32]);

impl RowShown {
    pub fn of(row: RowValues) -> Self {
        Self {
            key: row.key,
            values: row.values.into_iter().map(|value| value.map(Shown::of)).collect(),
            has_bytes: false,
        }
    }

    /// The length of all values together.
    pub fn bytes(&self) -> u64 {
        self.values.iter().flatten().map(Shown::bytes).sum()
    }

    pub fn print(&self) -> RowPrint {
        let mut hash = Sha256::new();
        for value in &self.values {
            match value {
                None => add(&mut hash, 0, ""),
                Some(Shown::Whole(text)) => add(&mut hash, 1, text),
                Some(Shown::Long { sha256, .. }) => add(&mut hash, 2, sha256),
            }
        }
        RowPrint(hash.finalize().into())
    }
}

impl RowPrint {
    /// As [`RowShown::print`] of the same row.
    pub fn of(values: &[Option<String>]) -> Self {
        let mut hash = Sha256::new();
        for value in values {
            match value {
                None => add(&mut hash, 0, ""),
                Some(text) if text.len() <= LONG_BYTES => add(&mut hash, 1, text),
                Some(text) => add(&mut hash, 2, &hexadecimal(&Sha256::digest(text.as_bytes()))),
            }
        }
        Self(hash.finalize().into())
    }
}

fn add(hash: &mut Sha256, kind: u8, text: &str) {
    hash.update([kind]);
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

fn hexadecimal(bytes: &[u8]) -> String {
    use fmt::Write as _;

    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_values_are_shortened() {
        let edge = "ä".repeat(LONG_BYTES / 2);
        assert_eq!(Shown::of(edge.clone()), Shown::Whole(edge.clone()));
        let long = Shown::of(format!("{edge}x"));
        let Shown::Long { head, bytes, sha256 } = &long else {
            panic!("{long:?}");
        };
        assert_eq!((head.as_str(), *bytes), ("ä".repeat(64).as_str(), 1_025));
        assert_eq!(sha256.len(), 64);
        assert_eq!(serde_json::to_value(Shown::of("7".into())).unwrap(), "7");
        assert_eq!(serde_json::to_value(&long).unwrap()["bytes"], 1_025);
    }

    #[test]
    fn rows_that_differ_in_any_value_have_different_prints() {
        let row = |values: &[Option<&str>]| RowValues {
            key: vec!["1".into()],
            values: values.iter().map(|value| value.map(str::to_owned)).collect(),
        };
        let long = |end: char| "x".repeat(LONG_BYTES) + &end.to_string();
        let (one, two) = (long('1'), long('2'));
        let rows = [
            row(&[None, Some("")]),
            row(&[Some(""), None]),
            row(&[Some("a"), Some("b")]),
            row(&[Some("ab"), Some("")]),
            row(&[Some(&one)]),
            row(&[Some(&two)]),
        ];
        for (place, row) in rows.iter().enumerate() {
            let print = RowPrint::of(&row.values);
            let same = rows
                .iter()
                .filter(|other| RowPrint::of(&other.values) == print)
                .count();
            assert_eq!(same, 1, "{place}");
            assert_eq!(RowShown::of(row.clone()).print(), print);
        }
    }
}
