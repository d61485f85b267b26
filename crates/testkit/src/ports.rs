//! The ports of one process, over the shared system.

mod rows;
mod services;

use std::sync::Arc;

use async_trait::async_trait;
use crossover_core::{
    Direction, Millis, Plan, Position, StageContext,
    catalogue::{
        Definition, ObjectClass, OpenTransaction, PreparedTransaction, Property, RoleFacts, SequenceFacts,
        ServerFacts, ServerLoad, Shortfall, TableFacts, TableStatistics,
    },
    plan::Scope,
    ports::{
        Access, AccessSnapshot, Catalogue, CatchUpMarkers, Database, LockPlan, LockReport, PortError,
        PortResult, RetainedPositions, RunningTransaction, Sequences, WriterSample,
    },
    routing::Side,
    schema::{Remedies, Remedy, Unjudged},
};

use services::{MemoryJournal, MemoryLane, MemoryMetrics, MemoryReplication, VirtualClock};

use crate::{
    database::{MemoryDatabaseState, Place},
    defect::Defect,
    state::{Shared, State},
};

/// Access of one process to the shared system.
#[derive(Clone)]
struct Port {
    shared: Shared,
    process: u64,
}

impl Port {
    async fn call<T>(
        &self,
        name: String,
        work: impl FnOnce(&mut State) -> PortResult<T> + Send,
    ) -> PortResult<T> {
        self.shared.call(self.process, name, work).await
    }
}

struct MemoryDatabase {
    port: Port,
    side: Side,
}

impl MemoryDatabase {
    async fn call<T>(
        &self,
        name: &str,
        work: impl FnOnce(&mut State, Side) -> PortResult<T> + Send,
    ) -> PortResult<T> {
        let side = self.side;
        self.port
            .call(format!("{side}.{name}"), move |state| work(state, side))
            .await
    }
}

/// The ports of process `process`, for a run in `direction`.
pub fn ctx(shared: &Shared, process: u64, plan: &Plan, direction: Direction) -> StageContext {
    let port = Port {
        shared: shared.clone(),
        process,
    };
    let database = |side| {
        Database::new(Arc::new(MemoryDatabase {
            port: port.clone(),
            side,
        }))
    };
    StageContext {
        plan: plan.clone(),
        direction,
        old_writer: database(direction.old_writer()),
        new_writer: database(direction.new_writer()),
        lane: Arc::new(MemoryLane(port.clone())),
        replication: Arc::new(MemoryReplication(port.clone())),
        metrics: Arc::new(MemoryMetrics(port.clone())),
        journal: Arc::new(MemoryJournal(port.clone())),
        clock: Arc::new(VirtualClock(shared.clone())),
    }
}

#[async_trait]
impl Catalogue for MemoryDatabase {
    async fn server(&self) -> PortResult<ServerFacts> {
        self.call("server", |state, side| Ok(state.side(side).server.clone()))
            .await
    }

    async fn load(&self) -> PortResult<ServerLoad> {
        self.call("load", |state, side| {
            Ok(ServerLoad {
                sessions: state.side(side).sessions.len() as u32,
                most_sessions: 100,
            })
        })
        .await
    }

    async fn tables(&self, scope: &Scope) -> PortResult<Vec<TableFacts>> {
        self.call("tables", |state, side| {
            let all = state.side(side).tables.values().map(|t| &t.facts);
            Ok(all
                .filter(|t| scope.holds(&t.table.schema, &t.table.name))
                .cloned()
                .collect())
        })
        .await
    }

    async fn roles(&self, _scope: &Scope, also: &[String]) -> PortResult<Vec<RoleFacts>> {
        self.call("roles", |state, side| {
            let database = state.side(side);
            let wanted = database
                .roles
                .iter()
                .filter(|(name, _)| database.writes(name) || also.contains(name));
            let facts = wanted.map(|(name, role)| RoleFacts {
                role: name.clone(),
                can_login: role.can_login,
                superuser: role.superuser,
                writes: database.writes(name) && !database.exempt.contains(name),
                because: "grant".to_owned(),
                sessions: database.sessions.iter().filter(|s| s.role == *name).count() as u32,
            });
            Ok(facts.filter(|r| !database.exempt.contains(&r.role)).collect())
        })
        .await
    }

    async fn prepared_transactions(&self) -> PortResult<Vec<PreparedTransaction>> {
        self.call("prepared_transactions", |state, side| {
            let all = state.side(side).prepared.iter();
            Ok(all
                .map(|p| PreparedTransaction {
                    gid: p.gid.clone(),
                    owner: p.owner.clone(),
                    age_ms: Millis(5_000),
                })
                .collect())
        })
        .await
    }

    async fn open_transactions(&self, min_age_ms: Millis) -> PortResult<Vec<OpenTransaction>> {
        self.call("open_transactions", |state, side| {
            let sessions = state.side(side).sessions.iter();
            let open = sessions.filter_map(|s| {
                let age_ms = Millis(state.now.saturating_sub(s.transaction.as_ref()?.since));
                Some(OpenTransaction {
                    pid: s.id as i32,
                    role: s.role.clone(),
                    age_ms,
                })
            });
            Ok(open.filter(|t| t.age_ms >= min_age_ms).collect())
        })
        .await
    }

    async fn fingerprint(&self, scope: &Scope) -> PortResult<Vec<Definition>> {
        self.call("fingerprint", |state, side| {
            let tables = state
                .side(side)
                .tables
                .iter()
                .filter(|(name, _)| scope.holds(&name.schema, &name.name));
            Ok(tables
                .map(|(name, table)| {
                    let columns = Property::new("columns", &table.columns);
                    Definition::new(ObjectClass::Table, &name.to_string(), vec![columns])
                })
                .collect())
        })
        .await
    }

    async fn not_compared(&self, _scope: &Scope) -> PortResult<Vec<Unjudged>> {
        self.call("not_compared", |_, _| Ok(Vec::new())).await
    }

    async fn sequences(&self, scope: &Scope) -> PortResult<Vec<SequenceFacts>> {
        self.call("sequences", |state, side| {
            Ok(state.side(side).positions(scope, &state.defects))
        })
        .await
    }

    async fn own_tables(&self) -> PortResult<Vec<Shortfall>> {
        self.call("own_tables", |state, side| {
            Ok(state.side(side).own_tables_lack.clone())
        })
        .await
    }

    async fn statistics(&self, scope: &Scope) -> PortResult<Vec<TableStatistics>> {
        self.call("statistics", |state, side| {
            let all = state.side(side).tables.values();
            Ok(all
                .filter(|t| scope.holds(&t.facts.table.schema, &t.facts.table.name))
                .map(|t| TableStatistics {
                    table: t.facts.table.clone(),
                    live_rows: t.rows.len() as u64,
                    planned_rows: Some(t.rows.len() as u64),
                    analysed_ago_ms: Some(Millis(0)),
                    has_column_statistics: true,
                    changed_since: 0,
                })
                .collect())
        })
        .await
    }

    async fn current_position(&self) -> PortResult<Position> {
        self.call("current_position", |state, side| Ok(state.side(side).end.into()))
            .await
    }
}

impl Remedies for MemoryDatabase {
    fn remedy(&self, remedy: &Remedy) -> String {
        format!("{remedy:?}")
    }
}

/// Calls `work` with one side and the injected defects, which are both parts of the state.
fn on<T>(
    state: &mut State,
    side: Side,
    work: impl FnOnce(&mut MemoryDatabaseState, &std::collections::BTreeSet<Defect>) -> T,
) -> T {
    let defects = std::mem::take(&mut state.defects);
    let answer = work(state.side_mut(side), &defects);
    state.defects = defects;
    answer
}

#[async_trait]
impl Access for MemoryDatabase {
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>> {
        self.call("snapshot", |state, side| Ok(state.side(side).snapshot.clone()))
            .await
    }

    async fn prepare_pause(&self) -> PortResult<()> {
        self.call("prepare_pause", |_, _| Ok(())).await
    }

    async fn transactions(&self) -> PortResult<Vec<RunningTransaction>> {
        self.call("transactions", |state, side| {
            let open = state.side(side).sessions.iter();
            let open = open.filter_map(|session| {
                let transaction = session.transaction.as_ref()?;
                Some(RunningTransaction {
                    id: transaction.token.clone(),
                    who: format!("session {} of {}", session.id, session.role),
                    age_ms: Millis(state.now.saturating_sub(transaction.since)),
                    writes: !(state.traffic.strays_only_read && state.is_stray(session.id)),
                })
            });
            Ok(open.collect())
        })
        .await
    }

    async fn writers(&self) -> PortResult<WriterSample> {
        self.call("writers", |state, side| {
            Ok(state.side(side).sample(&state.defects))
        })
        .await
    }

    async fn plan_lock(&self, scope: &Scope, run_id: &str) -> PortResult<LockPlan> {
        self.call("plan_lock", |state, side| {
            state.side(side).plan_lock(scope, run_id, &state.defects)
        })
        .await
    }

    async fn lock(&self, plan: &LockPlan) -> PortResult<LockReport> {
        self.call("lock", |state, side| {
            on(state, side, |database, defects| database.lock(plan, defects))
        })
        .await
    }

    async fn end_sessions(&self) -> PortResult<u32> {
        self.call("end_sessions", |state, side| {
            state.note_cut_off_clients(side);
            on(
                state,
                side,
                |database, defects| Ok(database.end_sessions(defects)),
            )
        })
        .await
    }

    async fn restore(&self, run_id: &str) -> PortResult<Vec<String>> {
        self.call("restore", |state, side| {
            on(state, side, |database, defects| {
                let ours = database.snapshot.as_ref().is_some_and(|s| s.run_id == run_id);
                Ok(if ours {
                    database.unlock(defects)
                } else {
                    Vec::new()
                })
            })
        })
        .await
    }

    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>> {
        self.call("open", |state, side| {
            on(state, side, |database, defects| database.open(like, defects))
        })
        .await
    }
}

#[async_trait]
impl CatchUpMarkers for MemoryDatabase {
    async fn prepare_marker(&self) -> PortResult<()> {
        self.call("prepare_marker", |state, side| {
            state.side_mut(side).own_tables_lack.clear();
            Ok(())
        })
        .await
    }

    async fn write_marker(&self, run_id: &str, nonce: &str) -> PortResult<Position> {
        self.call("write_marker", |state, side| {
            let now = state.now;
            Ok(on(state, side, |database, defects| {
                database.write_marker(now, run_id, nonce, defects)
            }))
        })
        .await
    }

    async fn count_markers(&self, run_id: &str, nonce: &str) -> PortResult<u32> {
        self.call("count_markers", |state, side| {
            let seen = state.side(side).count_markers(run_id, nonce);
            let raised = state.side(side.other()).count_markers(run_id, nonce);
            Ok(if state.has_defect(Defect::MarkerNotAwaited) {
                seen.max(raised.min(1))
            } else {
                seen
            })
        })
        .await
    }

    async fn clear_markers(&self) -> PortResult<()> {
        self.call("clear_markers", |state, side| {
            state.side_mut(side).markers.clear();
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Sequences for MemoryDatabase {
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>> {
        self.call("advance_sequences", |state, side| {
            on(state, side, |database, defects| {
                database.advance_sequences(positions, headroom, defects)
            })
        })
        .await
    }
}

#[async_trait]
impl RetainedPositions for MemoryDatabase {
    async fn retain_position(&self, name: &str) -> PortResult<Position> {
        self.call("retain_position", |state, side| state.side_mut(side).retain(name))
            .await
    }

    async fn advance_position(&self, name: &str, to: &Position) -> PortResult<Position> {
        let to = Place::read(to)?;
        self.call("advance_position", |state, side| {
            state.refuse_in_use(side, name)?;
            let place = state
                .side_mut(side)
                .retained
                .get_mut(name)
                .ok_or_else(|| PortError::missing(format!("retained position {name} in {side}")))?;
            *place = to.max(*place);
            Ok((*place).into())
        })
        .await
    }

    async fn release_position(&self, name: &str) -> PortResult<()> {
        self.call("release_position", |state, side| {
            state.refuse_in_use(side, name)?;
            if !state.has_defect(Defect::RetainedPositionsStay) {
                state.side_mut(side).retained.remove(name);
            }
            Ok(())
        })
        .await
    }

    async fn retained_positions(&self) -> PortResult<Vec<String>> {
        self.call("retained_positions", |state, side| {
            Ok(state.side(side).retained.keys().cloned().collect())
        })
        .await
    }
}
