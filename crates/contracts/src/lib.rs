//! The files that are made from the code and checked in: the state machines of `statemachine/`, the JSON Schemas of
//! `docs/schema/`, and the table of the stages' rights in docs/security.md.
//!
//! `cargo xtask asl`, `cargo xtask schema` and `cargo xtask docs` write them; the tests of this crate compare them.

pub mod document;
pub mod generated;
pub mod permissions;
#[cfg(feature = "schema")]
pub mod schema;
pub mod statemachine;

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The checkout this program was built from.
pub fn checkout() -> anyhow::Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_owned)
        .context("this crate is not at crates/contracts of the workspace")
}
