//! Proof that two databases are equal, row by row.
//!
//! Everything works on the ports of `crossover_core`, so that the same comparison runs in the command, in the validate function
//! and against the worlds in memory of the tests.

pub mod follow;
mod report;
pub mod rows;
pub mod run;
pub mod watch;

pub use follow::{FollowError, FollowOptions, Follower, Following, Listen, News, Remaining};
pub use report::{Report, verify};
pub use run::{
    CouldNotRun, Prepared, PreparedTable, RowsReport, Sides, VerifyError, VerifyOptions, compare_rows,
    prepare,
};
pub use watch::{Event, Silent, Watch};
