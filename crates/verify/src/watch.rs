//! Telling somebody how far the work is.

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// So much is to be done; rows as the statistics have them, both sides together.
    Planned { tables: usize, rows: u64 },
    /// Known before anything is read: this table will not be compared.
    NotCompared {
        name: &'a str,
        reason: &'a str,
        remedy: &'a str,
    },
    /// A table begins.
    Table { name: &'a str },
    /// Rows that were hashed on one side.
    Rows { count: u64 },
    /// A table is done.
    Done { name: &'a str, equal: bool },
    /// The comparison stands back.
    Waiting { reason: &'a str },
}

/// Receives the events. Called often: it has to be quick.
pub trait Watch: Send + Sync {
    fn event(&self, event: &Event<'_>);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watch for Silent {
    fn event(&self, _: &Event<'_>) {}
}

/// Passes everything on but rows: for a second look at rows that were told of already.
pub(crate) struct SecondLook<'a>(pub &'a dyn Watch);

impl Watch for SecondLook<'_> {
    fn event(&self, event: &Event<'_>) {
        if !matches!(event, Event::Rows { .. }) {
            self.0.event(event);
        }
    }
}
