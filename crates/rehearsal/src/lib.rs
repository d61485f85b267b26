//! The rehearsal: a whole cutover on one machine, under load, with a verdict.
//!
//! [`rehearse`] does it all: fetch the parts, build the product, set the environment, let traffic run, execute the state
//! machines, compare, report, clean up.

pub mod api;
mod assembly;
pub mod dms;
pub mod dump;
mod end_to_end;
pub mod environment;
mod error;
mod inspection;
mod lag;
pub mod ledger;
pub mod load;
mod options;
pub mod report;
pub mod run;
pub mod shop;
pub mod workshop;

pub use end_to_end::{RehearsalOutput, rehearse};
pub use error::RehearsalError;
pub use options::RehearsalOptions;
