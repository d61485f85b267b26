//! Standard output, which may be closed or full: that is an error like any other, and no panic.

use std::io::{self, Write as _};

use anyhow::Context as _;
use serde::Serialize;

/// Writes a text as it is.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .context("standard output cannot be written to")
}

/// The same of what can be told as JSON, for people to read.
pub fn print_json(told: &impl Serialize) -> anyhow::Result<()> {
    print(&(serde_json::to_string_pretty(told)? + "\n"))
}
