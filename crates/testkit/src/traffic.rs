//! The application: clients that write where the edge routes them, strays that write to a fixed side, and a
//! ledger of the writes that were acknowledged.

use std::collections::BTreeMap;

use crossover_core::{
    catalogue::TableName,
    routing::{Side, UnixMillis},
};

use crate::{
    database::{Effect, Transaction},
    state::State,
};

/// Where a client sends its writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To the writer, and not while writes are held, as an isolate with a fresh lane record does.
    Edge,
    /// Always to this side, as an isolate with an old lane record or a job with a fixed address does.
    Stray(Side),
}

/// A client that inserts one row after the other. The client keeps one session per side and opens a new one
/// when a session is lost.
#[derive(Debug, Clone)]
pub struct Client {
    pub role: String,
    pub route: Route,
    pub table: TableName,
    sessions: BTreeMap<&'static str, u64>,
}

/// An acknowledged write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub table: TableName,
    pub id: i64,
    pub token: String,
    pub at: Side,
}

/// All clients and the ledger of their acknowledged writes.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    pub clients: Vec<Client>,
    pub ledger: Vec<Acknowledged>,
    /// Every id that a sequence has handed out and on which side, including ids of transactions that rolled
    /// back.
    pub issued: BTreeMap<String, BTreeMap<i64, Side>>,
    /// Duration of a transaction in milliseconds.
    pub transaction_ms: u64,
    pub(crate) written: u64,
}

impl Traffic {
    pub fn add(&mut self, role: &str, route: Route, table: &TableName) {
        self.clients.push(Client {
            role: role.to_owned(),
            route,
            table: table.clone(),
            sessions: BTreeMap::new(),
        });
    }
}

impl State {
    /// Commits the transactions that are due. A transaction whose session was ended is rolled back and not
    /// acknowledged.
    pub(crate) fn end_transactions(&mut self) {
        let now = self.now;
        for side in [Side::Source, Side::Target] {
            let mut done: Vec<Transaction> = Vec::new();
            for session in &mut self.side_mut(side).sessions {
                done.extend(session.transaction.take_if(|t| now >= t.ends_at));
            }
            done.sort_by_key(|t| t.ends_at);
            for Transaction { table, id, token, .. } in done {
                let database = self.side_mut(side);
                let replaced = database
                    .tables
                    .get_mut(&table)
                    .and_then(|t| t.rows.insert(id, token.clone()));
                database.append(
                    now,
                    Effect::Row {
                        table: table.clone(),
                        id,
                        token: token.clone(),
                    },
                    false,
                );
                if let Some(before) = replaced {
                    self.watch
                        .note(format!("id {id} of {table} is used twice: {before} and {token}"));
                }
                self.traffic.ledger.push(Acknowledged {
                    table,
                    id,
                    token,
                    at: side,
                });
            }
        }
    }

    pub(crate) fn begin_transactions(&mut self) {
        for index in 0..self.traffic.clients.len() {
            let client = self.traffic.clients[index].clone();
            let side = match client.route {
                Route::Stray(side) => side,
                Route::Edge if self.lane.holds_writes(UnixMillis(self.now)) => continue,
                Route::Edge => self.lane.writer,
            };
            if let Some(session) = self.session_of(index, &client, side) {
                self.begin(side, session, &client);
            }
        }
    }

    fn session_of(&mut self, index: usize, client: &Client, side: Side) -> Option<u64> {
        let known = client.sessions.get(side.name()).copied();
        if let Some(known) = known.filter(|id| self.side(side).sessions.iter().any(|s| s.id == *id)) {
            return Some(known);
        }
        let id = self.id();
        let session = self.side_mut(side).connect(id, &client.role)?;
        self.traffic.clients[index].sessions.insert(side.name(), session);
        Some(session)
    }

    fn begin(&mut self, side: Side, session: u64, client: &Client) {
        let (now, ms) = (self.now, self.traffic.transaction_ms);
        let database = self.side_mut(side);
        let idle = database
            .sessions
            .iter()
            .any(|s| s.id == session && s.transaction.is_none());
        if !idle || !database.writes(&client.role) {
            return;
        }
        let Some(sequence) = database.tables.get(&client.table).map(|t| t.sequence.clone()) else {
            return;
        };
        let Some(id) = database.next_value(session, &sequence) else {
            return;
        };
        self.issue(side, &sequence, id);
        self.traffic.written += 1;
        let token = format!("w{}", self.traffic.written);
        let transaction = Transaction {
            since: now,
            ends_at: now + ms,
            table: client.table.clone(),
            id,
            token,
        };
        if let Some(session) = self.side_mut(side).sessions.iter_mut().find(|s| s.id == session) {
            session.transaction = Some(transaction);
        }
    }

    /// Hands out ids to transactions that roll back, so that no row has them.
    pub fn roll_back_ids(&mut self, side: Side, sequence: &str, count: usize) {
        for _ in 0..count {
            let Some(facts) = self.side_mut(side).sequences.get_mut(sequence) else {
                return;
            };
            let id = facts
                .last_value
                .map_or(facts.start_value, |last| last + facts.increment);
            facts.last_value = Some(id);
            self.issue(side, sequence, id);
        }
    }

    /// Records an id. An id is handed out at most once, and a new writer hands out only ids beyond those of
    /// the other side.
    fn issue(&mut self, side: Side, sequence: &str, id: i64) {
        let ascending = self
            .side(side)
            .sequences
            .get(sequence)
            .is_none_or(|s| s.increment > 0);
        let issued = self.traffic.issued.entry(sequence.to_owned()).or_default();
        let others = issued.iter().filter(|(_, at)| **at != side).map(|(id, _)| *id);
        let edge = if ascending { others.max() } else { others.min() };
        let beyond = edge.is_none_or(|edge| if ascending { id > edge } else { id < edge });
        if issued.insert(id, side).is_some() || !beyond {
            self.watch.note(format!(
                "{sequence} hands out {id} on the {side}, which is not beyond the other side's ids"
            ));
        }
    }
}
