//! Texts from a database on a terminal.

/// A line with its control characters escaped: a name from a database may hold line breaks, with which it could
/// write a line of its own, and commands for the terminal.
pub fn visible(line: &str) -> String {
    line.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// Adds a line.
pub fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.push_str(&visible(&line.to_string()));
    text.push('\n');
}
