//! The two databases and the replication between them, as far as writers see them.

use crossover_routing::Side;

/// One change in the old writer's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// The row of a client's write.
    Row(usize),
    /// The catch-up marker of a run.
    Marker(u8),
}

/// Both databases. Changes travel from the old writer to the new one, in order, at any time later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Databases {
    pub old: Side,
    /// What was committed at the old writer, in order.
    pub log: Vec<Change>,
    /// How many changes of the log have arrived at the new writer.
    pub arrived: usize,
    /// The run whose lock, with its access snapshot, is in the old writer's database.
    pub locked_by: Option<u8>,
    /// Sessions from before the lock still live.
    pub sessions_live: bool,
    /// The new writer's roles may log in.
    pub new_is_open: bool,
    /// Rows that applications have written at the new writer.
    pub new_rows: Vec<usize>,
}

impl Databases {
    pub const fn new(old: Side) -> Self {
        Self {
            old,
            log: Vec::new(),
            arrived: 0,
            locked_by: None,
            sessions_live: true,
            new_is_open: false,
            new_rows: Vec::new(),
        }
    }

    /// Whether an application can begin a transaction. A lock shuts out logins, not the sessions of pools.
    pub fn takes_writes(&self, side: Side) -> bool {
        if side == self.old {
            self.locked_by.is_none() || self.sessions_live
        } else {
            self.new_is_open
        }
    }

    pub fn commit(&mut self, side: Side, write: usize) {
        if side == self.old {
            self.log.push(Change::Row(write));
        } else {
            self.new_rows.push(write);
        }
    }

    /// How many rows of this write a side has.
    pub fn copies(&self, side: Side, write: usize) -> usize {
        let of = |changes: &[Change]| {
            changes
                .iter()
                .filter(|change| **change == Change::Row(write))
                .count()
        };
        if side == self.old {
            of(&self.log)
        } else {
            let own = self.new_rows.iter().filter(|row| **row == write).count();
            of(&self.log[..self.arrived]) + own
        }
    }

    /// Where the marker of a run stands in the log.
    fn markers(&self, run: u8) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let is_marker = move |change: &Change| *change == Change::Marker(run);
        (0..self.log.len()).filter(move |at| is_marker(&self.log[*at]))
    }

    /// A second call writes none.
    pub fn write_marker(&mut self, run: u8) {
        if self.markers(run).next().is_none() {
            self.log.push(Change::Marker(run));
        }
    }

    /// Whether the new writer has the marker.
    pub fn marker_arrived(&self, run: u8) -> bool {
        self.markers(run).next().is_some_and(|at| at < self.arrived)
    }

    /// Exactly one marker, which has arrived, and no row after it: what a commit implies.
    pub fn is_caught_up(&self, run: u8) -> bool {
        let last_row = self
            .log
            .iter()
            .rposition(|change| matches!(change, Change::Row(_)));
        let mut markers = self.markers(run);
        match (markers.next(), markers.next()) {
            (Some(marker), None) => marker < self.arrived && last_row.is_none_or(|row| row < marker),
            _ => false,
        }
    }

    /// Locks writers out, in the name of a run. A lock of another run stays as it is.
    pub fn lock(&mut self, run: u8) -> bool {
        let free = self.locked_by.is_none_or(|owner| owner == run);
        if free {
            self.locked_by = Some(run);
        }
        free
    }

    /// Puts the recorded access back, if the lock is this run's. Says whether there was one.
    pub fn restore(&mut self, run: u8) -> bool {
        let ours = self.locked_by == Some(run);
        if ours {
            self.locked_by = None;
            self.sessions_live = true;
        }
        ours
    }
}
