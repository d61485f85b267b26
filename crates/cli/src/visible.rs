//! Texts from a database on a terminal.

pub use crossover_report::visible;

/// Adds a line.
pub fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.push_str(&visible(&line.to_string()));
    text.push('\n');
}
