//! Work that one task of the isolate does for all requests.

use std::cell::Cell;

use crossover_routing::{Millis, UnixMillis};

use crate::clock::now;

/// A call that takes longer belongs to a request that has ended: another task may start it.
const CALL_TIMEOUT: Millis = Millis(2_000);

/// Lets one task of the isolate do a piece of work; a task that died does not block the next one for ever.
#[derive(Default)]
pub struct Underway(Cell<Option<UnixMillis>>);

impl Underway {
    /// Begins the work; not while another task does it.
    pub fn begin(&self) -> bool {
        let free = self
            .0
            .get()
            .is_none_or(|since| now().since(since) >= CALL_TIMEOUT);
        if free {
            self.0.set(Some(now()));
        }
        free
    }

    /// Ends the work.
    pub fn end(&self) {
        self.0.set(None);
    }
}
