//! Values of rows: anything at all may be in them.

use std::{collections::BTreeMap, fmt::Write as _};

use crossover_page::{escape, name};

/// A value; NULL cannot be taken for a text that says so, nor an empty text for nothing.
pub(super) fn text(value: Option<&Option<String>>) -> String {
    match value {
        None | Some(None) => "<i>NULL</i>".to_owned(),
        Some(Some(text)) if text.is_empty() => "<i>empty</i>".to_owned(),
        Some(Some(text)) => format!("<code>{}</code>", escape(text)),
    }
}

/// Columns with their values: those of the key first and in its order.
pub(super) fn pairs(row: &BTreeMap<String, Option<String>>, key: &[String]) -> String {
    let first = key.iter().filter_map(|column| row.get_key_value(column));
    let others = row.iter().filter(|(column, _)| !key.contains(column));
    first
        .chain(others)
        .fold(String::new(), |mut html, (column, value)| {
            let _ = write!(
                html,
                r#"<span class="column"><span>{}</span> {}</span>"#,
                name(column),
                text(Some(value))
            );
            html
        })
}
