//! Compares the files with the schemas of providers that are newer than the plugins at hand.
//!
//! The schemas are read from the TypeScript declarations that are generated from them (npm packages
//! @cdktn/provider-aws and @cdktf/provider-cloudflare): one folder a resource, one interface a block.

mod arguments;
mod declarations;
mod library;
mod references;

pub use library::Schemas;

use crate::finding::Findings;
use crate::source::Module;

/// The rule of everything that this part finds.
pub const RULE: &str = "schema";

/// Checks all blocks of a module whose provider has a schema.
pub fn check(schemas: &Schemas, module: &Module, findings: &mut Findings) -> anyhow::Result<()> {
    findings.begin(RULE);
    for file in &module.files {
        arguments::check(schemas, file, findings)?;
        references::check(schemas, file, findings)?;
    }
    Ok(())
}
