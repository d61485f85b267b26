//! Turns the Worker's compiled wasm into the files that a Workers runtime loads, without a downloaded tool.
//!
//! [`bundle()`] writes the modules (JavaScript glue, wasm and a small shim), [`WorkerdConfig`] the
//! configuration with which `workerd` runs them locally. `wrangler deploy` takes the same directory
//! unchanged.

mod bundle;
mod workerd;

pub use bundle::{Bundle, BundleError, Module, ModuleKind, bundle, scripts};
pub use workerd::{LaneStorage, WorkerdConfig};
