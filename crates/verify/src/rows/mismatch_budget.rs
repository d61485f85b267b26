//! Limit on the number of differing rows that one pass over a table may hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{RowsOptions, difference::Mismatches};

/// Capacity for differing rows, shared by all chunks that are examined at the same time.
#[derive(Debug)]
pub(super) struct MismatchBudget(AtomicUsize);

impl MismatchBudget {
    pub(super) fn new(options: &RowsOptions) -> Self {
        Self(AtomicUsize::new(
            options.max_rechecked.max(options.max_reported).max(1),
        ))
    }

    pub(super) fn is_left(&self) -> bool {
        self.left() > 0
    }

    pub(super) fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Reserves capacity for the rows that were found; returns whether some had to be left out.
    pub(super) fn reserve(&self, open: &mut Mismatches, found: Mismatches) -> bool {
        let wanted = found.len();
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            Some(left.saturating_sub(wanted))
        });
        let (Ok(left) | Err(left)) = before;
        open.extend(found.into_iter().take(left));
        wanted > left
    }
}

#[cfg(test)]
mod tests {
    use crate::rows::difference::Mismatch;

    use super::*;

    fn found(keys: std::ops::Range<u32>) -> Mismatches {
        keys.map(|key| (vec![key.to_string()], Mismatch::default()))
            .collect()
    }

    #[test]
    fn rows_beyond_the_capacity_are_left_out_and_reported() {
        let budget = MismatchBudget::new(&RowsOptions {
            max_rechecked: 5,
            max_reported: 1,
            ..RowsOptions::default()
        });
        let mut open = Mismatches::new();
        assert!(!budget.reserve(&mut open, found(0..3)));
        assert!(budget.is_left());
        assert!(budget.reserve(&mut open, found(3..7)));
        assert!(!budget.is_left());
        assert!(budget.reserve(&mut open, found(7..8)));
        assert_eq!(open.len(), 5);
    }

    #[test]
    fn the_capacity_covers_all_rows_to_be_reported() {
        let budget = MismatchBudget::new(&RowsOptions {
            max_rechecked: 0,
            max_reported: 2,
            ..RowsOptions::default()
        });
        assert!(!budget.reserve(&mut Mismatches::new(), found(0..2)));
    }
}
