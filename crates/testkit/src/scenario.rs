//! The system at the start of a test: a shop with two tables, a running stream, roles with several kinds of
//! rights, and an edge.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crossover_core::{
    AnyStage, Direction, Plan, Stream,
    catalogue::{Need, SequenceFacts, ServerFacts, TableFacts, TableName},
    ports::StreamState,
    routing::{LaneRecord, Side},
};
use serde_json::{Value, json};

use crate::{
    database::{MemoryDatabaseState, Place, Role, Table},
    executor::block_on,
    faults::Script,
    lasting_state::LastingState,
    stage::{Failure, invoke},
    state::{Behaviour, Shared, State},
    stream::Task,
    traffic::{Route, Traffic},
};

/// Virtual time at the start of every scenario (Unix milliseconds).
pub const BEGIN: u64 = 1_000_000;

/// A valid plan with short waits.
pub fn plan(run_id: &str) -> Plan {
    serde_json::from_value(json!({
        "migration_id": "shop", "run_id": run_id, "lane": "main",
        "source": {"engine": "postgresql", "secret_id": "s"}, "target": {"engine": "postgresql", "secret_id": "t"},
        "replication": {"engine": "memory"},
        "edge": {"admin_url": "https://edge", "secret_id": "e"},
        "limits": {"lag_stable_ms": 500, "lag_wait_ms": 4_000, "drain_grace_ms": 400},
    }))
    .expect("the plan is valid")
}

/// The name of a table of the shop.
pub fn table(name: &str) -> TableName {
    TableName {
        schema: "shop".to_owned(),
        name: name.to_owned(),
    }
}

fn tables() -> BTreeMap<TableName, Table> {
    let one = |name: &str, sequence: &str, rows: &[i64]| {
        let facts = TableFacts {
            table: table(name),
            primary_key: vec!["id".to_owned()],
            unique_index: Some(format!("{name}_pkey")),
            ..TableFacts::default()
        };
        let rows = rows.iter().map(|id| (*id, format!("seed{id}"))).collect();
        (
            table(name),
            Table {
                facts,
                sequence: sequence.to_owned(),
                columns: "id bigint, token text".to_owned(),
                rows,
            },
        )
    };
    [
        one("orders", "order_ids", &[1, 2, 3]),
        one("refunds", "refund_ids", &[-1, -2]),
    ]
    .into_iter()
    .collect()
}

fn sequence(name: &str, increment: i64, cache: i64, last_value: i64) -> (String, SequenceFacts) {
    let facts = SequenceFacts {
        schema: "shop".to_owned(),
        name: name.to_owned(),
        increment,
        min_value: -1_000_000,
        max_value: 1_000_000,
        cycle: false,
        cache,
        last_value: Some(last_value),
        start_value: increment,
    };
    (name.to_owned(), facts)
}

fn database(side: Side) -> MemoryDatabaseState {
    let on_source = side == Side::Source;
    let role = |can_login, granted_write, granted_connect, member_of: &[&str]| Role {
        can_login,
        superuser: false,
        granted_write,
        granted_connect,
        member_of: member_of.iter().map(|r| (*r).to_owned()).collect(),
    };
    let roles = [
        ("shop_owner", role(on_source, true, on_source, &[])),
        ("shop_writer", role(false, true, false, &[])),
        ("shop_app", role(on_source, false, false, &["shop_writer"])),
        ("shop_jobs", role(on_source, false, on_source, &["shop_app"])),
        ("shop_report", role(true, false, on_source, &[])),
        ("replicator", role(true, true, true, &[])),
        ("crossover", role(true, true, true, &[])),
    ];
    MemoryDatabaseState {
        side,
        server: ServerFacts {
            version_num: 160_014,
            decodes_changes: Need::Met,
            retains_another_position: Need::Met,
            serves_another_reader: Need::Met,
            takes_writes: Need::Met,
        },
        own_tables_lack: Vec::new(),
        roles: roles
            .into_iter()
            .map(|(name, role)| (name.to_owned(), role))
            .collect(),
        exempt: BTreeSet::from(["replicator".to_owned(), "crossover".to_owned()]),
        public_connect: true,
        snapshot: None,
        sessions: Vec::new(),
        tables: tables(),
        sequences: [sequence("order_ids", 1, 10, 3), sequence("refund_ids", -1, 1, -2)]
            .into_iter()
            .collect(),
        markers: Vec::new(),
        retained: if on_source {
            BTreeMap::from([("forward".to_owned(), Place(0))])
        } else {
            BTreeMap::new()
        },
        prepared: Vec::new(),
        end: Place(0x1000),
        log: Vec::new(),
    }
}

/// A system, and the plan and direction of the run under test.
#[derive(Clone)]
pub struct Scenario {
    pub shared: Shared,
    pub plan: Plan,
    pub direction: Direction,
}

impl Scenario {
    /// The shop before the cutover, without clients.
    pub fn quiet() -> Self {
        let plan = plan("run-1");
        let task = Task {
            state: StreamState::Running,
            becomes: None,
            retained: "forward".to_owned(),
            tables: tables().into_keys().chain([TableName::marker()]).collect(),
            position: Place(0),
            last_failure: None,
            loaded_percent: 100,
        };
        let mut state = State {
            plan: plan.clone(),
            now: BEGIN,
            behaviour: Behaviour::default(),
            source: database(Side::Source),
            target: database(Side::Target),
            tasks: BTreeMap::from([(Stream::Forward, task)]),
            lane: LaneRecord::new("main"),
            journal: Vec::new(),
            notices: Vec::new(),
            traffic: Traffic {
                transaction_ms: 3,
                ..Traffic::default()
            },
            defects: BTreeSet::new(),
            script: Script::default(),
            watch: crate::watch::Watch::default(),
            yields: 0,
            timers: BTreeMap::new(),
            next_id: 0,
            dead: BTreeSet::new(),
            frozen: BTreeSet::new(),
        };
        state.check_invariants("the start");
        Self {
            shared: Shared::new(state),
            plan,
            direction: Direction::Forward,
        }
    }

    /// The shop with clients: some ask the edge, others (strays) write to a fixed side without asking.
    pub fn busy() -> Self {
        let scenario = Self::quiet();
        {
            let mut state = scenario.shared.lock();
            let (orders, refunds) = (table("orders"), table("refunds"));
            state.traffic.add("shop_app", Route::Edge, &orders);
            state.traffic.add("shop_jobs", Route::Edge, &refunds);
            state.traffic.add("shop_app", Route::Stray(Side::Source), &orders);
            state
                .traffic
                .add("shop_owner", Route::Stray(Side::Source), &refunds);
            state.traffic.add("shop_app", Route::Stray(Side::Target), &orders);
            state
                .traffic
                .add("shop_report", Route::Stray(Side::Source), &orders);
            let soon = state.now + 20;
            state.advance(soon);
        }
        scenario
    }

    /// An independent copy of the system in its present state.
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = self.shared.lock().clone();
        Self {
            shared: Shared::new(state),
            ..self.clone()
        }
    }

    /// The same shared system for another run.
    #[must_use]
    pub fn run(&self, run_id: &str, direction: Direction) -> Self {
        Self {
            shared: self.shared.clone(),
            plan: Plan {
                run_id: run_id.to_owned(),
                ..self.plan.clone()
            },
            direction,
        }
    }

    /// Runs a stage until it ends.
    pub fn stage(&self, stage: &Arc<dyn AnyStage>, input: Value) -> Result<Value, Failure> {
        block_on(&self.shared, self.invocation(stage, input))
    }

    /// One invocation of a stage as a future that has not started.
    pub fn invocation(
        &self,
        stage: &Arc<dyn AnyStage>,
        input: Value,
    ) -> impl Future<Output = Result<Value, Failure>> + Send + use<> {
        invoke(
            self.shared.clone(),
            self.plan.clone(),
            self.direction,
            Arc::clone(stage),
            input,
        )
    }

    /// The present lasting state.
    pub fn lasting_state(&self) -> LastingState {
        LastingState::of(&self.shared.lock())
    }

    /// Lets `ms` milliseconds pass: transactions end, tasks change state, changes are replicated.
    pub fn wait(&self, ms: u64) {
        let mut state = self.shared.lock();
        // In ten steps, so that clients and streams act in between.
        for _ in 0..10 {
            let to = state.now + ms / 10 + 1;
            state.advance(to);
        }
    }
}
