//! One side's database: roles, sessions, rows, sequences, retained positions and the log the stream reads.

mod access;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crossover_core::{
    Position,
    catalogue::{SequenceFacts, ServerFacts, Shortfall, TableFacts, TableName},
    plan::Scope,
    ports::{AccessSnapshot, PortError, PortResult},
    routing::Side,
};

use crate::defect::Defect;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Role {
    pub can_login: bool,
    pub superuser: bool,
    /// The role may write by its own grant or as owner.
    pub granted_write: bool,
    pub granted_connect: bool,
    pub member_of: Vec<String>,
}

/// A session and the transaction it is in.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: u64,
    pub role: String,
    pub transaction: Option<Transaction>,
    /// Sequence values that the session has reserved (CACHE).
    pub cached: BTreeMap<String, VecDeque<i64>>,
}

/// An open transaction that will insert one row.
#[derive(Debug, Clone)]
pub struct Transaction {
    pub since: u64,
    pub ends_at: u64,
    pub table: TableName,
    pub id: i64,
    pub token: String,
}

/// A table with its rows by key.
#[derive(Debug, Clone)]
pub struct Table {
    pub facts: TableFacts,
    pub sequence: String,
    /// Names and types of the columns.
    pub columns: String,
    pub rows: BTreeMap<i64, String>,
}

/// A catch-up marker row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkerRow {
    pub run_id: String,
    pub nonce: String,
    pub position: Place,
}

/// A committed change in the log.
#[derive(Debug, Clone)]
pub struct Change {
    pub place: Place,
    pub at: u64,
    pub effect: Effect,
    /// The change was applied by a stream.
    pub replicated: bool,
}

#[derive(Debug, Clone)]
pub enum Effect {
    Row {
        table: TableName,
        id: i64,
        token: String,
    },
    Marker(MarkerRow),
}

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub u64);

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        Self::new(format!("change {}", place.0))
    }
}

impl Place {
    /// Reads a position of the in-memory engine.
    ///
    /// # Errors
    /// `Unexpected` for a position of another engine.
    pub fn read(position: &Position) -> PortResult<Self> {
        let text = position.as_str();
        text.strip_prefix("change ")
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| PortError::unexpected(format!("position {text:?}"), "not one of this engine"))
    }
}

/// A prepared transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    pub gid: String,
    pub owner: String,
}

/// The database of one side.
#[derive(Debug, Clone)]
pub struct MemoryDatabaseState {
    pub side: Side,
    /// Facts about the server, as the catalogue port reports them.
    pub server: ServerFacts,
    /// What Crossover's own tables lack.
    pub own_tables_lack: Vec<Shortfall>,
    pub roles: BTreeMap<String, Role>,
    /// Crossover's own role and the plan's `exempt_roles`.
    pub exempt: BTreeSet<String>,
    pub public_connect: bool,
    pub snapshot: Option<AccessSnapshot>,
    pub sessions: Vec<Session>,
    pub tables: BTreeMap<TableName, Table>,
    pub sequences: BTreeMap<String, SequenceFacts>,
    pub markers: Vec<MarkerRow>,
    /// Places in the log from which changes are retained, by name.
    pub retained: BTreeMap<String, Place>,
    pub prepared: Vec<Prepared>,
    pub end: Place,
    pub log: Vec<Change>,
}

impl MemoryDatabaseState {
    fn what(&self) -> String {
        format!("{} database", self.side)
    }

    /// Whether the role may write a table, by its own grant or as a member of another role.
    pub fn writes(&self, role: &str) -> bool {
        self.roles
            .get(role)
            .is_some_and(|r| r.granted_write || r.member_of.iter().any(|group| self.writes(group)))
    }

    /// Whether the role belongs to the application: neither Crossover's own nor exempt.
    fn is_application(&self, role: &str) -> bool {
        !self.exempt.contains(role)
    }

    /// Whether the role can open a session.
    pub fn lets_in(&self, role: &str) -> bool {
        self.roles
            .get(role)
            .is_some_and(|r| r.superuser || (r.can_login && (self.public_connect || r.granted_connect)))
    }

    /// The paths by which an application could write here now (sessions, logins, prepared transactions);
    /// empty when there are none.
    pub fn write_paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self
            .sessions
            .iter()
            .filter(|s| self.is_application(&s.role) && self.writes(&s.role))
            .map(|s| format!("session {} of {}", s.id, s.role))
            .collect();
        for (name, role) in &self.roles {
            if self.is_application(name) && !role.superuser && self.writes(name) && self.lets_in(name) {
                paths.push(format!("login of {name}"));
            }
        }
        paths.extend(
            self.prepared
                .iter()
                .map(|p| format!("prepared transaction {}", p.gid)),
        );
        paths
    }

    /// Opens a session; `None` when the role cannot log in.
    pub fn connect(&mut self, id: u64, role: &str) -> Option<u64> {
        self.lets_in(role).then(|| {
            self.sessions.push(Session {
                id,
                role: role.to_owned(),
                transaction: None,
                cached: BTreeMap::new(),
            });
            id
        })
    }

    /// Appends a committed change to the log.
    pub fn append(&mut self, at: u64, effect: Effect, replicated: bool) {
        self.end.0 += 16;
        self.log.push(Change {
            place: self.end,
            at,
            effect,
            replicated,
        });
    }

    /// The next value of a sequence for a session. CACHE reserves a block of values, which is lost with the
    /// session.
    pub fn next_value(&mut self, session: u64, sequence: &str) -> Option<i64> {
        let session = self.sessions.iter_mut().find(|s| s.id == session)?;
        let ahead = session.cached.entry(sequence.to_owned()).or_default();
        if ahead.is_empty() {
            let facts = self.sequences.get_mut(sequence)?;
            let mut value = facts.last_value;
            for _ in 0..facts.cache {
                let next = value.map_or(facts.start_value, |v| v + facts.increment);
                ahead.push_back(next);
                value = Some(next);
            }
            facts.last_value = value;
        }
        ahead.pop_front()
    }

    /// The text of the database's access list.
    pub fn acl(&self) -> String {
        let mut items: Vec<String> = if self.public_connect {
            vec!["=c".to_owned()]
        } else {
            Vec::new()
        };
        items.extend(
            self.roles
                .iter()
                .filter(|(_, r)| r.granted_connect)
                .map(|(name, _)| format!("{name}=c")),
        );
        items.join(",")
    }

    pub fn write_marker(
        &mut self,
        now: u64,
        run_id: &str,
        nonce: &str,
        defects: &BTreeSet<Defect>,
    ) -> Position {
        let there = self
            .markers
            .iter()
            .find(|f| f.run_id == run_id && f.nonce == nonce);
        if let Some(there) = there.filter(|_| !defects.contains(&Defect::MarkerRepeats)) {
            return there.position.into();
        }
        let row = MarkerRow {
            run_id: run_id.to_owned(),
            nonce: nonce.to_owned(),
            position: self.end,
        };
        self.markers.push(row.clone());
        self.append(now, Effect::Marker(row.clone()), false);
        row.position.into()
    }

    pub fn count_markers(&self, run_id: &str, nonce: &str) -> u32 {
        self.markers
            .iter()
            .filter(|f| f.run_id == run_id && f.nonce == nonce)
            .count() as u32
    }

    /// Sequence positions; with [`Defect::SequencesByMaxId`], the largest ids in the tables.
    pub fn positions(&self, scope: &Scope, defects: &BTreeSet<Defect>) -> Vec<SequenceFacts> {
        let mut all: Vec<SequenceFacts> = self
            .sequences
            .values()
            .filter(|s| scope.holds(&s.schema, &s.name))
            .cloned()
            .collect();
        if defects.contains(&Defect::SequencesByMaxId) {
            for facts in &mut all {
                let ids = self
                    .tables
                    .values()
                    .filter(|t| t.sequence == facts.name)
                    .flat_map(|t| t.rows.keys());
                facts.last_value = if facts.increment > 0 { ids.max() } else { ids.min() }.copied();
            }
        }
        all
    }

    pub fn advance_sequences(
        &mut self,
        others: &[SequenceFacts],
        headroom: i64,
        defects: &BTreeSet<Defect>,
    ) -> PortResult<Vec<SequenceFacts>> {
        let headroom = if defects.contains(&Defect::SequencesByMaxId) {
            1
        } else {
            headroom
        };
        let mut now = Vec::new();
        for other in others {
            let Some(own) = self.sequences.get_mut(&other.name) else {
                return Err(PortError::missing(format!(
                    "in {} database: sequence {other}",
                    self.side
                )));
            };
            if let Some(position) = own.position_after(other, headroom)
                && !defects.contains(&Defect::SequencesStay)
            {
                own.last_value = Some(position);
            }
            now.push(own.clone());
        }
        Ok(now)
    }

    pub fn retain(&mut self, name: &str) -> PortResult<Position> {
        if let Some(place) = self.retained.get(name) {
            return Ok((*place).into());
        }
        if let Some(prepared) = self.prepared.first() {
            let reason = format!(
                "position {name} cannot be retained while {} is prepared",
                prepared.gid
            );
            return Err(PortError::refused(self.what(), reason));
        }
        self.retained.insert(name.to_owned(), self.end);
        Ok(self.end.into())
    }
}
