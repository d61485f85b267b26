//! The rehearsal: a complete cutover on one machine, under load, with a verdict.
//!
//! [`rehearse`] does everything: fetches the components, builds the product, sets up the environment, starts
//! the traffic, executes the state machines, compares, reports, cleans up.

pub mod api;
mod assembly;
mod burst;
pub mod calls;
pub mod dms;
pub mod dump;
mod end_to_end;
mod ending;
pub mod environment;
mod error;
mod final_state;
mod inspection;
mod kept;
mod lag;
pub mod ledger;
pub mod load;
mod options;
mod percentile;
pub mod report;
pub mod resources;
pub mod run;
mod series;
pub mod shop;
mod traffic;
pub mod workshop;

pub use end_to_end::{RehearsalOutput, rehearse, rehearse_until};
pub use ending::EndAfterRun;
pub use error::{RehearsalError, Result};
pub use kept::{Kept, KeptOutcome, keep};
pub use options::{Burst, RehearsalOptions};
