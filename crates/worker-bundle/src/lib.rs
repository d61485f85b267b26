//! From the Worker's compiled wasm to what a Workers runtime loads, without any downloaded tool.
//!
//! [`bundle()`] writes the modules (JavaScript glue, wasm and a small shim), [`WorkerdConfig`] the text that makes
//! `workerd` run them locally. `wrangler deploy` takes the same directory as it is.

mod bundle;
mod workerd;

pub use bundle::{Bundle, BundleError, Module, ModuleKind, bundle};
pub use workerd::{LaneStorage, WorkerdConfig};
