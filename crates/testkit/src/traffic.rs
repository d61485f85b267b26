//! The application: clients that write where the edge routes them, strays that write to a fixed side, and a
//! ledger of the writes that were acknowledged.

use std::collections::BTreeMap;

use crossover_core::{
    Millis,
    catalogue::TableName,
    plan::OnStragglers,
    routing::{self, Side, UnixMillis},
};

use crate::{
    database::{Effect, Transaction},
    defect::Defect,
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
    /// The write that the edge has forwarded and that is not answered yet.
    forwarded: Option<Forwarded>,
}

/// A write on its way from the edge.
#[derive(Debug, Clone, Copy)]
struct Forwarded {
    side: Side,
    at: u64,
    /// Its transaction has begun.
    begun: bool,
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
    /// Duration of a stray's transaction, if it is another.
    pub stray_transaction_ms: Option<u64>,
    /// Transactions of strays have changed nothing until they end.
    pub strays_only_read: bool,
    /// Clients behind the edge keep no session: each write opens one.
    pub sessions_end_with_writes: bool,
    pub(crate) written: u64,
}

impl Traffic {
    pub fn add(&mut self, role: &str, route: Route, table: &TableName) {
        self.clients.push(Client {
            role: role.to_owned(),
            route,
            table: table.clone(),
            sessions: BTreeMap::new(),
            forwarded: None,
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
            match client.route {
                Route::Stray(side) => {
                    if let Some(session) = self.session_of(index, &client, side) {
                        self.begin(side, session, &client);
                    }
                }
                Route::Edge => self.forward(index, &client),
            }
        }
    }

    /// One step of a client behind the edge: the last write is answered, or the next is forwarded, or its
    /// transaction begins.
    fn forward(&mut self, index: usize, client: &Client) {
        let answered = client
            .forwarded
            .is_none_or(|write| write.begun && !self.is_in_transaction(client, write.side));
        if answered {
            if self.traffic.sessions_end_with_writes {
                let mine: Vec<u64> = client.sessions.values().copied().collect();
                for side in [Side::Source, Side::Target] {
                    self.side_mut(side)
                        .sessions
                        .retain(|session| !mine.contains(&session.id));
                }
            }
            let held = self.lane.holds_writes(UnixMillis(self.now));
            self.traffic.clients[index].forwarded = (!held).then_some(Forwarded {
                side: self.lane.writer,
                at: self.now,
                begun: false,
            });
        }
        let Some(write) = self.traffic.clients[index].forwarded else {
            return;
        };
        if write.begun || self.now < write.at + self.behaviour.pool_ms {
            return;
        }
        if let Some(session) = self.session_of(index, client, write.side) {
            self.begin(write.side, session, client);
            self.traffic.clients[index].forwarded = Some(Forwarded { begun: true, ..write });
        } else {
            self.traffic.clients[index].forwarded = None;
            let what = format!(
                "a write of {} that the edge had forwarded found the {} locked",
                client.role, write.side
            );
            self.note_client_error(write.side, &what);
        }
    }

    /// Whether the session belongs to a client that does not ask the edge.
    pub(crate) fn is_stray(&self, session: u64) -> bool {
        self.traffic.clients.iter().any(|client| {
            matches!(client.route, Route::Stray(_)) && client.sessions.values().any(|id| *id == session)
        })
    }

    fn is_in_transaction(&self, client: &Client, side: Side) -> bool {
        let session = client.sessions.get(side.name());
        self.side(side)
            .sessions
            .iter()
            .any(|open| Some(&open.id) == session && open.transaction.is_some())
    }

    /// Sessions of this side are about to be ended.
    pub(crate) fn note_cut_off_clients(&mut self, side: Side) {
        let cut_off: Vec<String> = self
            .traffic
            .clients
            .iter()
            .filter(|client| client.route == Route::Edge && self.is_in_transaction(client, side))
            .map(|client| {
                format!(
                    "a write of {} that came through the edge was cut off",
                    client.role
                )
            })
            .collect();
        for what in cut_off {
            self.note_client_error(side, &what);
        }
    }

    /// No client behind the edge ever gets an error, unless the plan asks for it. A drain that slept until its
    /// run was over is the exception: nothing can keep it from one last statement.
    fn note_client_error(&mut self, side: Side, what: &str) {
        if self.plan.on_stragglers == OnStragglers::Abort && self.lane.phase != side.served() {
            self.watch.note(what.to_owned());
        }
    }

    /// What the lane knows of its clients' writes.
    pub(crate) fn edge_traffic(&self) -> routing::Traffic {
        if self.has_defect(Defect::BarrierIgnored) {
            return routing::Traffic::default();
        }
        let in_flight = self.traffic.clients.iter().filter_map(|client| {
            let write = client.forwarded?;
            (!write.begun || self.is_in_transaction(client, write.side)).then_some(write.at)
        });
        let sent_at: Vec<u64> = in_flight.collect();
        let oldest = sent_at.iter().min().copied();
        let oldest_ms = Millis(oldest.map_or(0, |at| self.now.saturating_sub(at)));
        routing::Traffic {
            isolates: 1,
            open: u32::from(!self.lane.holds_writes(UnixMillis(self.now))),
            in_flight: sent_at.len() as u32,
            oldest_ms,
            reported_oldest_ms: oldest_ms,
            ..routing::Traffic::default()
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
        let ms = match client.route {
            Route::Edge => None,
            Route::Stray(_) => self.traffic.stray_transaction_ms,
        };
        let (now, ms) = (self.now, ms.unwrap_or(self.traffic.transaction_ms));
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
