//! A row of the target that is to become another one.

use serde::{Deserialize, Serialize};

use super::{HashPlan, RowKey};
use crate::catalogue::TableName;

/// The texts of a row's columns, in the order of [`HashPlan::columns`].
pub type RowTexts = Vec<Option<String>>;

/// What is done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Delete,
    Update,
    Insert,
}

impl Action {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Update => "update",
            Self::Insert => "insert",
        }
    }
}

/// One row as it was seen and as it is to be; at least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    pub key: RowKey,
    /// None: there is no such row.
    pub before: Option<RowTexts>,
    /// None: there is to be no such row.
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

    /// The change that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            key: self.key.clone(),
            before: self.after.clone(),
            after: self.before.clone(),
        }
    }

    /// Places of the columns that become others; none for rows that come or go.
    pub fn changing(&self) -> Vec<usize> {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => (0..after.len())
                .filter(|place| before.get(*place) != after.get(*place))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// What the catalogue says about writing to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableWriting {
    pub table: TableName,
    /// The role of the session may read, insert, update and delete.
    pub granted: bool,
    /// Columns whose values the server computes; they cannot be written.
    pub generated: Vec<String>,
    /// Identity columns that the server fills; an insert can override it, an update cannot.
    pub always_identity: Vec<String>,
    /// Columns of types that may have no `=` in `pg_catalog`: they are compared by their texts.
    pub compared_by_text: Vec<String>,
    /// Tables its foreign keys refer to, itself included; partitions count as their parent.
    pub refers_to: Vec<TableName>,
}

/// A table of the target, as it is read and as it is written.
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
    fn only_columns_that_become_others_change() {
        let mut update = change(Some(&["1", "a", "x"]), Some(&["1", "b", "x"]));
        assert_eq!(update.changing(), [1]);
        update.after.as_mut().unwrap()[2] = None;
        assert_eq!(update.changing(), [1, 2]);
    }
}
