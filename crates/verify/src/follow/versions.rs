//! The versions of a row on the writer, one after the other: a follower that applies changes in order shows
//! one of them.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{
    ports::Written,
    rows::{ColumnEncoding, ColumnPlan, HashPlan},
};
use xxhash_rust::xxh3::Xxh3;

/// Maximum number of versions kept of a row. Beyond this number collecting starts again.
const KEPT: usize = 16_384;

/// Values of a row in the order of the form's columns; `None` when the row does not exist.
pub type RowNow = Option<Vec<Option<String>>>;

/// The versions, as hashes of their texts.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    /// The row was deleted at some time.
    gone: bool,
    /// By the columns that were not written (large values that did not change).
    rows: BTreeMap<Vec<String>, BTreeSet<u64>>,
    count: usize,
}

impl Versions {
    /// Adds a version; returns whether collecting started again because of it.
    pub fn add(&mut self, form: &HashPlan, written: Option<&Written>) -> bool {
        let restarted = self.count >= KEPT;
        if restarted {
            *self = Self::default();
        }
        self.count += 1;
        let Some(written) = written else {
            self.gone = true;
            return restarted;
        };
        let left_out: Vec<String> = form
            .columns
            .iter()
            .filter(|c| !written.contains_key(&c.name))
            .map(|c| c.name.clone())
            .collect();
        let hash = hash(
            form.columns
                .iter()
                .filter_map(|c| Some((c, written.get(&c.name)?))),
        );
        self.rows.entry(left_out).or_default().insert(hash);
        restarted
    }

    /// Whether the current row is one of the versions.
    pub fn know(&self, form: &HashPlan, row: &RowNow) -> bool {
        let Some(values) = row else { return self.gone };
        self.rows.iter().any(|(left_out, hashes)| {
            let written = form
                .columns
                .iter()
                .zip(values)
                .filter(|(c, _)| !left_out.contains(&c.name));
            hashes.contains(&hash(written))
        })
    }
}

fn hash<'a>(columns: impl Iterator<Item = (&'a ColumnPlan, &'a Option<String>)>) -> u64 {
    let mut hasher = Xxh3::new();
    for (column, value) in columns {
        match value {
            None => hasher.update(&[0]),
            Some(text) => {
                let text = common_text(column, text);
                hasher.update(&[1]);
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
    }
    hasher.digest()
}

/// Both sides of this comparison are the text of the type's output function, except booleans, which are read
/// with a cast.
fn common_text<'a>(column: &ColumnPlan, text: &'a str) -> &'a str {
    match column.form {
        ColumnEncoding::Bool => text.get(..1).unwrap_or(text),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::{catalogue::TableName, rows::Hashing};

    use super::*;

    fn form() -> HashPlan {
        let column = |name: &str, form| ColumnPlan {
            name: name.into(),
            form,
            sql_type: "text".into(),
            nullable: true,
        };
        HashPlan {
            table: TableName {
                schema: "s".into(),
                name: "t".into(),
            },
            partitioned: false,
            columns: vec![
                column("doc", ColumnEncoding::TextCast),
                column("flag", ColumnEncoding::Bool),
                column("id", ColumnEncoding::Int4),
            ],
            key: vec![2],
            hashing: Hashing::TypedHash,
            seed: 1,
            condition: None,
        }
    }

    fn written(values: &[(&str, Option<&str>)]) -> Written {
        let own = |text: &str| text.to_owned();
        values.iter().map(|(n, v)| (own(n), v.map(own))).collect()
    }

    #[allow(clippy::unnecessary_wraps, reason = "a row that is there is one of two cases")]
    fn now(values: [Option<&str>; 3]) -> RowNow {
        Some(values.iter().map(|v| v.map(str::to_owned)).collect())
    }

    #[test]
    fn only_versions_of_the_row_are_known() {
        let form = form();
        let mut versions = Versions::default();
        versions.add(
            &form,
            Some(&written(&[("id", Some("1")), ("flag", Some("t")), ("doc", None)])),
        );
        assert!(versions.know(&form, &now([None, Some("true"), Some("1")])));
        assert!(!versions.know(&form, &now([Some(""), Some("true"), Some("1")])));
        assert!(!versions.know(&form, &now([None, Some("false"), Some("1")])));
        assert!(!versions.know(&form, &None));
        versions.add(&form, None);
        assert!(versions.know(&form, &None));
    }

    #[test]
    fn a_value_that_was_not_written_again_may_be_anything() {
        let form = form();
        let mut versions = Versions::default();
        versions.add(&form, Some(&written(&[("id", Some("1")), ("flag", None)])));
        assert!(versions.know(&form, &now([Some("large"), None, Some("1")])));
        assert!(!versions.know(&form, &now([Some("large"), None, Some("2")])));
    }
}
