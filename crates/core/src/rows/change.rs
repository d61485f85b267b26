//! Changes that repair rows of the target.

use serde::{Deserialize, Serialize};

use super::{HashPlan, RowKey};
use crate::catalogue::TableName;

/// The texts of a row's columns, in the order of [`HashPlan::columns`].
pub type RowTexts = Vec<Option<String>>;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case", const_into_str)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Delete,
    Update,
    Insert,
}

impl Action {
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// One row as the comparison read it and as it should become; at least one of the two exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    pub key: RowKey,
    /// `None` for a row to insert.
    pub before: Option<RowTexts>,
    /// `None` for a row to delete.
    pub after: Option<RowTexts>,
}

impl RowChange {
    pub const fn action(&self) -> Action {
        match (&self.before, &self.after) {
            (_, None) => Action::Delete,
            (None, Some(_)) => Action::Insert,
            (Some(_), Some(_)) => Action::Update,
        }
    }

    /// The change that undoes this one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            key: self.key.clone(),
            before: self.after.clone(),
            after: self.before.clone(),
        }
    }

    /// Indexes of the columns whose value changes; empty for an insert or a delete.
    pub fn changing(&self) -> Vec<usize> {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => (0..after.len())
                .filter(|place| before.get(*place) != after.get(*place))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The catalogue's facts about writing to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableWriting {
    pub table: TableName,
    /// The role of the session may read, insert, update and delete.
    pub granted: bool,
    /// Columns whose values the server computes; they cannot be written.
    pub generated: Vec<String>,
    /// Columns `generated always as identity`: an insert can override the value, an update cannot.
    pub always_identity: Vec<String>,
    /// Columns of types that may lack an equality operator; they are compared by their texts.
    pub compared_by_text: Vec<String>,
    /// Tables that its foreign keys refer to, including itself; a partition counts as its parent.
    pub refers_to: Vec<TableName>,
}

/// A table of the target with the facts for reading and for writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritableTable {
    pub form: HashPlan,
    pub writing: TableWriting,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: Option<&[&str]>, after: Option<&[&str]>) -> RowChange {
        let texts = |row: &[&str]| row.iter().map(|t| Some((*t).to_owned())).collect();
        RowChange {
            key: vec!["1".into()],
            before: before.map(texts),
            after: after.map(texts),
        }
    }

    #[test]
    fn a_change_and_its_inverse_are_opposites() {
        let insert = change(None, Some(&["1", "a"]));
        assert_eq!(insert.action(), Action::Insert);
        assert_eq!(insert.inverse().action(), Action::Delete);
        let update = change(Some(&["1", "a"]), Some(&["1", "b"]));
        assert_eq!(update.inverse().action(), Action::Update);
        assert_eq!(update.inverse().inverse(), update);
    }

    #[test]
    fn only_columns_with_another_value_count_as_changing() {
        let mut update = change(Some(&["1", "a", "x"]), Some(&["1", "b", "x"]));
        assert_eq!(update.changing(), [1]);
        update.after.as_mut().unwrap()[2] = None;
        assert_eq!(update.changing(), [1, 2]);
    }
}
