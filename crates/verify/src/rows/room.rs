//! How many rows that differ one pass over a table may hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{RowsOptions, difference::Sightings};

/// Room for the rows that differ, shared by all chunks that are looked into at the same time.
#[derive(Debug)]
pub(super) struct Room(AtomicUsize);

impl Room {
    pub(super) fn new(options: &RowsOptions) -> Self {
        Self(AtomicUsize::new(options.looked_at.max(options.named).max(1)))
    }

    pub(super) fn is_left(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Takes room for what was found; says whether something had to be left out.
    pub(super) fn admit(&self, open: &mut Sightings, found: Sightings) -> bool {
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
    use crate::rows::difference::Sighting;

    use super::*;

    fn found(keys: std::ops::Range<u32>) -> Sightings {
        keys.map(|key| (vec![key.to_string()], Sighting::default()))
            .collect()
    }

    #[test]
    fn what_has_no_room_is_left_out_and_said() {
        let room = Room::new(&RowsOptions {
            looked_at: 5,
            named: 1,
            ..RowsOptions::default()
        });
        let mut open = Sightings::new();
        assert!(!room.admit(&mut open, found(0..3)));
        assert!(room.is_left());
        assert!(room.admit(&mut open, found(3..7)));
        assert!(!room.is_left());
        assert!(room.admit(&mut open, found(7..8)));
        assert_eq!(open.len(), 5);
    }

    #[test]
    fn there_is_room_for_everything_that_is_to_be_named() {
        let room = Room::new(&RowsOptions {
            looked_at: 0,
            named: 2,
            ..RowsOptions::default()
        });
        assert!(!room.admit(&mut Sightings::new(), found(0..2)));
    }
}
