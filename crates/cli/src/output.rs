//! Standard output, which may be closed or full: that is an ordinary error, not a panic.

use std::io::{self, Write as _};

use anyhow::Context as _;
use serde::Serialize;

/// Writes a text unchanged.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .context("cannot write to standard output")
}

/// Writes a value as readable JSON.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}
