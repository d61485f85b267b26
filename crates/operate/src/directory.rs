//! The directory of the edge: read from a file, compared with the published one, published.

mod changes;
mod file;
mod publishing;

pub use changes::{Change, Changes, DirectoryPlan, LaneChange, MovedRule};
pub use crossover_core::routing::directory::{Fault, Spreading};
pub use file::parse;
pub use publishing::{PATIENCE, Patience, in_force};
