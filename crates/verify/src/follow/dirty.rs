//! Everything that is not known to be equal: keys of changed rows, and tables that have to be compared as a
//! whole.

use std::{collections::BTreeMap, sync::Arc};

use crossover_core::{
    UnixMillis,
    catalogue::TableName,
    ports::{Change, Watched},
    routing::Side,
    rows::RowKey,
};

use super::{
    budget::{Budget, Spent},
    judge::Entry,
};
use crate::prepared::PreparedTable;

/// A key as one text, separated by zero bytes, which no PostgreSQL text contains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PackedKey(Box<str>);

impl PackedKey {
    pub fn new(key: &RowKey) -> Self {
        Self(key.join("\0").into_boxed_str())
    }

    pub fn key(&self) -> RowKey {
        self.0.split('\0').map(str::to_owned).collect()
    }
}

/// Whether a table has to be compared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    No,
    /// Keys are not kept: the comparison reads these rows.
    Due,
    /// The comparison is running; keys are kept again.
    Sweeping,
}

pub(super) struct DirtyTable {
    pub prepared: Arc<PreparedTable>,
    pub keys: BTreeMap<PackedKey, Entry>,
    pub whole: Whole,
    /// The table is not compared as a whole before this time: a server has other work.
    pub not_before: UnixMillis,
    /// The table was compared as a whole at least once.
    pub swept: bool,
    /// The last whole comparison found more differences than it reported.
    pub truncated: bool,
    /// Rows of the table that are known to differ, including those beyond the reporting limit.
    pub reported: u64,
}

impl DirtyTable {
    pub fn new(prepared: Arc<PreparedTable>) -> Self {
        Self {
            prepared,
            keys: BTreeMap::new(),
            whole: Whole::Due,
            not_before: UnixMillis(0),
            swept: false,
            truncated: false,
            reported: 0,
        }
    }

    /// The rows have no key: differences are found only by comparing all rows.
    pub fn is_keyless(&self) -> bool {
        self.prepared.forms.0.key.is_empty()
    }
}

/// All tables that are followed.
pub(super) struct Dirty {
    pub tables: BTreeMap<TableName, DirtyTable>,
    pub spent: Spent,
    budget: Budget,
    /// Tables whose keys were given up since the list was last read.
    pub whole_tables: Vec<TableName>,
}

impl Dirty {
    pub fn new(tables: impl IntoIterator<Item = Arc<PreparedTable>>, budget: Budget) -> Self {
        Self {
            tables: tables
                .into_iter()
                .map(|t| (t.table.clone(), DirtyTable::new(t)))
                .collect(),
            spent: Spent::default(),
            budget,
            whole_tables: Vec::new(),
        }
    }

    /// Records a change; `writer` is the side where the change was made.
    pub fn take(&mut self, change: Change, writer: Side, round: u32, now: UnixMillis) {
        match change {
            Change::Table { table } => self.make_whole(&table),
            Change::Row { table, key, written } => {
                let Some(of_table) = self.tables.get_mut(&table) else {
                    return;
                };
                let key = PackedKey::new(&key);
                if let (Some(written), Some(entry)) = (written, of_table.keys.get_mut(&key)) {
                    let form = of_table.prepared.form_of(writer);
                    entry.written(form, written.as_ref(), round, now);
                }
                if let Some(entry) = self.add(&table, key) {
                    entry.changed = round;
                }
            }
        }
        while self.spent.is_over(&self.budget) {
            if !self.collapse() {
                break;
            }
        }
    }

    /// Marks a row for a check, unless the whole table is going to be compared.
    pub fn add(&mut self, table: &TableName, key: PackedKey) -> Option<&mut Entry> {
        let of_table = self.tables.get_mut(table)?;
        if of_table.whole == Whole::Due && !of_table.keys.contains_key(&key) {
            return None;
        }
        self.add_found(table, key)
    }

    /// Keeps a row that was seen to differ, even if the whole table has to be compared.
    pub fn add_found(&mut self, table: &TableName, key: PackedKey) -> Option<&mut Entry> {
        let of_table = self.tables.get_mut(table)?;
        let spent = &mut self.spent;
        Some(of_table.keys.entry(key).or_insert_with_key(|key| {
            spent.add(&key.0);
            Entry::default()
        }))
    }

    /// Stops tracking the table and removes its keys.
    pub fn forget(&mut self, table: &TableName) {
        if let Some(of_table) = self.tables.remove(table) {
            for key in of_table.keys.keys() {
                self.spent.remove(&key.0);
            }
        }
    }

    /// Marks the row as equal. Returns whether the row had been reported.
    pub fn remove(&mut self, table: &TableName, key: &PackedKey) -> bool {
        let Some(of_table) = self.tables.get_mut(table) else {
            return false;
        };
        let Some(entry) = of_table.keys.remove(key) else {
            return false;
        };
        self.spent.remove(&key.0);
        let reported = entry.is_reported();
        of_table.reported -= u64::from(reported);
        reported
    }

    /// The whole table has to be compared. Reported rows stay, so that they can be withdrawn.
    pub fn make_whole(&mut self, table: &TableName) {
        let Some(of_table) = self.tables.get_mut(table) else {
            return;
        };
        if of_table.whole == Whole::Due {
            return;
        }
        of_table.whole = Whole::Due;
        if !of_table.is_keyless() {
            let spent = &mut self.spent;
            of_table.keys.retain(|key, entry| {
                let stays = entry.is_reported();
                if !stays {
                    spent.remove(&key.0);
                }
                stays
            });
        }
    }

    /// Gives up the keys of the table with the most keys.
    fn collapse(&mut self) -> bool {
        let most = self
            .tables
            .iter()
            .filter(|(_, t)| !t.is_keyless() && t.whole != Whole::Due)
            .map(|(table, t)| {
                let rows = t.keys.values().filter(|e| !e.is_reported()).count();
                (rows, table)
            })
            .max();
        let Some((_, table)) = most.filter(|(rows, _)| *rows > 0) else {
            return false;
        };
        let table = table.clone();
        self.make_whole(&table);
        self.whole_tables.push(table);
        true
    }

    /// Rows for which the values in their changes are needed.
    pub fn watched(&self) -> Watched {
        let mut watched = Watched::new();
        for (table, of_table) in &self.tables {
            let keys = of_table
                .keys
                .iter()
                .filter(|(_, e)| e.suspect.as_ref().is_some_and(|s| s.watching.is_some()))
                .map(|(key, _)| key.key());
            let keys: std::collections::BTreeSet<RowKey> = keys.collect();
            if !keys.is_empty() {
                watched.insert(table.clone(), keys);
            }
        }
        watched
    }

    /// Rows to check.
    pub fn rows(&self) -> u64 {
        self.spent.rows
    }

    /// Rows that were reported.
    pub fn reported(&self) -> u64 {
        self.tables.values().map(|t| t.reported).sum()
    }

    /// Whether everything has been judged: the rows that remain are known to differ.
    pub fn is_judged(&self) -> bool {
        self.tables.values().all(|t| {
            let known = t.whole == Whole::No || t.reported > 0 && (t.truncated || t.is_keyless());
            t.swept && known && t.keys.values().all(Entry::is_reported)
        })
    }
}
