//! Proof that two databases are equal, row by row, with repair and continuous comparison. Certificates are in
//! `crossover_certificate`.
//!
//! All code works with the ports of `crossover_core`, so that the same comparison runs in the command, in the
//! validate function and in tests with in-memory databases.

mod cause;
mod distribute;
mod estimate;
pub mod follow;
mod local_parts;
mod prepared;
pub mod repair;
mod report;
pub mod rows;
pub mod run;
pub mod watch;

pub use cause::Cause;
pub use distribute::{Partition, Partitioning, compare_partition, plan_partitions};
pub use estimate::{Estimate, Range, TableEstimate, estimate};
pub use follow::{EventSink, FollowContext, FollowError, FollowEvent, FollowOptions, Follower, Remaining};
pub use prepared::PreparedTable;
pub use report::{Report, verify};
pub use run::{
    CouldNotRun, LongestSnapshots, Prepared, RowsReport, Sides, VerifyError, VerifyOptions, compare_rows,
    prepare,
};
pub use watch::{Event, Silent, Watch};
