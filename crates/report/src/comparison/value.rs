//! Values of rows, which may contain any text.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::page::name;

/// A value; NULL differs visibly from the text `NULL`, and an empty text from a missing value.
pub(super) fn text(value: Option<&Option<String>>) -> Markup {
    html! {
        @match value {
            None | Some(None) => i { "NULL" },
            Some(Some(text)) if text.is_empty() => i { "empty" },
            Some(Some(text)) => code { (text) },
        }
    }
}

/// Columns with their values: the key's columns first, in the order of the key.
pub(super) fn pairs(row: &BTreeMap<String, Option<String>>, key: &[String]) -> Markup {
    let first = key.iter().filter_map(|column| row.get_key_value(column));
    let others = row.iter().filter(|(column, _)| !key.contains(column));
    html! {
        @for (column, value) in first.chain(others) {
            span.column { span { (name(column)) } " " (text(Some(value))) }
        }
    }
}
