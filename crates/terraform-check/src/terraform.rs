//! Terraform over the files: what it says of them, as findings.

pub mod diagnostics;
pub mod plugins;
pub mod root;
