//! Values of rows, which may contain any text.

use std::collections::BTreeMap;

use crossover_core::rows::Shown;
use maud::{Markup, html};

use crate::page::name;

/// A value; NULL differs visibly from the text `NULL`, and an empty text from a missing value.
pub(super) fn text(value: Option<&Option<Shown>>) -> Markup {
    html! {
        @match value {
            None | Some(None) => i { "NULL" },
            Some(Some(value)) if value.bytes() == 0 => i { "empty" },
            Some(Some(Shown::Whole(text))) => code { (text) },
            Some(Some(Shown::Long { head, bytes, sha256 })) => {
                code { (head) } "… " i { (bytes) " bytes, SHA-256 " (sha256) }
            },
        }
    }
}

/// Columns with their values: the key's columns first, in the order of the key.
pub(super) fn pairs(row: &BTreeMap<String, Option<Shown>>, key: &[String]) -> Markup {
    let first = key.iter().filter_map(|column| row.get_key_value(column));
    let others = row.iter().filter(|(column, _)| !key.contains(column));
    html! {
        @for (column, value) in first.chain(others) {
            span.column { span { (name(column)) } " " (text(Some(value))) }
        }
    }
}
