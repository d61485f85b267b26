//! Making the target's rows what the source's are, without ever undoing a newer change.
//!
//! The comparison says of every row that differs what it saw on both sides. Repair makes one statement of each: it takes the row from
//! what was seen on the target (`before`) to what was seen on the source (`after`), and does nothing to a row that is not `before` any
//! more. The inverse of a statement is the same with the two exchanged.
//!
//! # Why a newer change is never overwritten
//!
//! The change stream goes on applying meanwhile. For each row these things happen in this order, the last five of them for a small batch
//! in one transaction on the target:
//!
//! 1. The source's row is read: it is `after`, or the row is skipped. Then repair waits until the stream has applied what was committed by then.
//! 2. The target's row is locked; a row that is to be inserted cannot be, so then the whole table is locked against other writers.
//! 3. The target's row is read under the lock: it is `before`, or the row is skipped.
//! 4. It is written.
//! 5. The source's row is read again: it is still `after`, or everything is rolled back and the batch is done again without the row.
//! 6. Commit, which lets the locks go.
//!
//! Take any change of the row on the source. Committed before step 1, it is part of `after`, and the stream had applied it before step 2: if
//! the row is `before` all the same, the stream has lost it, which is what is being repaired. Committed between 1 and 5, step 5 sees it
//! and nothing is written; unless the row is `after` again by then, and in that case the stream still brings all these changes, of which
//! the last makes the row `after`. Committed after step 5, the stream can bring it only while the locks are held or later, so it waits for step 6
//! and is applied to the repaired row. It finds that row: an update that came while a missing row is being inserted would
//! find none without the lock on the table, and be lost. So the stream's change is always the later one, and the row ends as the
//! source has it.
//!
//! What the proof needs: the stream is the target's only other writer (anybody else's change before step 3 makes the row be skipped, a later one
//! waits as the stream's do), and step 1 really waits for it. Where the wait is a fixed time and the stream is further behind, a
//! row may be inserted that the stream is about to insert itself; the stream's insert is then a duplicate, which it has to handle.
//!
//! Triggers and foreign keys do not fire where the role may keep them silent: their effects on the source come by the stream.

mod apply;
mod order;
mod plan;
mod result;
mod script;

pub use apply::{ApplyOptions, apply};
pub use plan::{RepairError, RepairPlan, Step, TablePlan, plan};
pub use result::{Outcome, RepairReport, RowResult, Totals};
pub use script::{Heading, Scripts, scripts};
