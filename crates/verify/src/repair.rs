//! Makes the target's rows equal to the source's, and never undoes a newer change.
//!
//! For every row that differs, the comparison reports what both sides contained. Repair makes one statement
//! of each: the statement changes the row from the version seen on the target (`before`) to the version seen
//! on the source (`after`), and does nothing to a row that is no longer `before`. The inverse statement is
//! the same with the two versions exchanged.
//!
//! # Why a newer change is never overwritten
//!
//! The change stream continues to apply changes during the repair. For each row these steps happen in this
//! order, the last five of them for a small batch in one transaction on the target:
//!
//! 1. The source's row is read: it is `after`, or the row is skipped. (The plan holds no values but a hash of them, because
//!    values may be of any length; they are read again here.) Then repair waits until the stream has
//!    applied everything that was committed by then.
//! 2. The target's row is locked; a row that is to be inserted cannot be locked, so in that case the whole
//!    table is locked against other writers.
//! 3. The target's row is read under the lock: it is `before`, or the row is skipped.
//! 4. The row is written.
//! 5. The source's row is read again: it is still `after`, or everything is rolled back and the batch is
//!    repeated without the row.
//! 6. Commit, which releases the locks.
//!
//! Consider any change of the row on the source. If the change was committed before step 1, it is part of
//! `after`, and the stream had applied it before step 2: if the row is still `before`, the stream has lost
//! the change, which is exactly what is being repaired. If the change was committed between steps 1 and 5,
//! step 5 sees it and nothing is written; the exception is a row that is `after` again by then, and in that
//! case the stream still brings all these changes, of which the last makes the row `after`. If the change was
//! committed after step 5, the stream can bring it only while the locks are held or later, so the stream
//! waits for step 6 and applies the change to the repaired row. The row exists then: without the lock on the
//! table, an update that arrives while a missing row is being inserted would find no row, and be lost. So the
//! stream's change is always the later one, and the row ends as the source has it.
//!
//! Conditions of the proof: the stream is the target's only other writer (a change by another session before
//! step 3 makes repair skip the row, a later one waits like the stream's changes), and step 1 really waits
//! for the stream. Where the wait is a fixed time and the stream is further behind, repair may insert a row
//! that the stream is about to insert itself; the stream's insert is then a duplicate, which the stream has
//! to handle.
//!
//! Triggers and foreign keys do not fire where the role may disable them: their effects on the source arrive
//! with the stream.

mod apply;
mod order;
mod plan;
mod planned;
mod result;
mod script;

pub use apply::{ApplyOptions, apply};
pub use plan::{RepairError, RepairPlan, Step, TablePlan, plan};
pub use planned::Planned;
pub use result::{Outcome, RepairReport, RowResult, Totals};
pub use script::{Heading, ScriptError, write_scripts};
