//! The part of the system that outlasts a run, for comparison: without time, log positions and markers of
//! probes.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{
    Stream,
    routing::{LaneRecord, Side},
};

use crate::state::State;

/// Which roles can open a session in a side's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessState {
    /// LOGIN and CONNECT of every role.
    pub roles: BTreeMap<String, (bool, bool)>,
    pub public_connect: bool,
    /// The run whose lock is recorded.
    pub locked_by: Option<String>,
}

/// The lasting state of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideState {
    pub access: AccessState,
    pub retained: BTreeSet<String>,
    pub sequences: BTreeMap<String, Option<i64>>,
    /// Number of marker rows by run and nonce, without markers of probes.
    pub markers: BTreeMap<(String, String), usize>,
    pub rows: BTreeMap<String, BTreeMap<i64, String>>,
    pub prepared: usize,
}

/// The lasting state of the whole system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastingState {
    pub source: SideState,
    pub target: SideState,
    pub tasks: BTreeMap<Stream, String>,
    /// Phase, writer, run and epoch.
    pub lane: (String, Side, Option<String>, u64),
}

impl LastingState {
    pub fn of(state: &State) -> Self {
        let LaneRecord {
            phase,
            writer,
            run_id,
            epoch,
            ..
        } = &state.lane;
        Self {
            source: side(state, Side::Source),
            target: side(state, Side::Target),
            tasks: state
                .tasks
                .iter()
                .map(|(stream, task)| (*stream, format!("{:?}", task.state)))
                .collect(),
            lane: (phase.name().to_owned(), *writer, run_id.clone(), epoch.0),
        }
    }
}

fn side(state: &State, side: Side) -> SideState {
    let database = state.side(side);
    let mut markers = BTreeMap::new();
    for marker in database
        .markers
        .iter()
        .filter(|f| !f.nonce.starts_with("probe-") && !f.nonce.starts_with("verify-"))
    {
        *markers
            .entry((marker.run_id.clone(), marker.nonce.clone()))
            .or_default() += 1;
    }
    SideState {
        access: AccessState {
            roles: database
                .roles
                .iter()
                .map(|(name, r)| (name.clone(), (r.can_login, r.granted_connect)))
                .collect(),
            public_connect: database.public_connect,
            locked_by: database.snapshot.as_ref().map(|s| s.run_id.clone()),
        },
        retained: database.retained.keys().cloned().collect(),
        sequences: database
            .sequences
            .iter()
            .map(|(name, s)| (name.clone(), s.last_value))
            .collect(),
        markers,
        rows: database
            .tables
            .iter()
            .map(|(name, t)| (name.to_string(), t.rows.clone()))
            .collect(),
        prepared: database.prepared.len(),
    }
}
