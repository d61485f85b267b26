//! Output of the figures.

use std::{fs, path::Path};

use anyhow::Context;
use serde_json::Value;

/// Prints the figures as JSON on standard output, and writes them to a file if one is given.
pub fn publish(figures: &Value, file: Option<&Path>) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(figures)?;
    println!("{text}");
    let Some(file) = file else { return Ok(()) };
    fs::write(file, format!("{text}\n")).with_context(|| format!("{} cannot be written", file.display()))
}
