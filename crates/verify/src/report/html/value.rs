//! Values of rows: anything at all may be in them.

use std::collections::BTreeMap;

use crossover_page::{escape, name};

/// A value; NULL cannot be taken for a text that says so, nor an empty text for nothing.
pub(super) fn text(value: Option<&Option<String>>) -> String {
    match value {
        None | Some(None) => "<i>NULL</i>".to_owned(),
        Some(Some(text)) if text.is_empty() => "<i>empty</i>".to_owned(),
        Some(Some(text)) => format!("<code>{}</code>", escape(text)),
    }
}

/// Columns with their values.
pub(super) fn pairs(row: &BTreeMap<String, Option<String>>) -> String {
    row.iter()
        .map(|(column, value)| {
            format!(
                r#"<span class="column"><span>{}</span> {}</span>"#,
                name(column),
                text(Some(value))
            )
        })
        .collect::<Vec<_>>()
        .concat()
}
