//! Names as the server prints them.

/// A name, in quotes unless it is plain lower case and cannot be mistaken for a keyword.
pub(super) fn quoted(name: &str) -> String {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$';
    if begins && name.chars().all(plain) && name != "true" && name != "false" {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
