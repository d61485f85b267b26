//! Every pre-check can fail: one fact is changed, and exactly one check reports it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use crossover_core::{
    Stream,
    catalogue::{FiringTrigger, MissingIdentity, Need, ReplicaIdentity, Shortfall},
    finding::CheckOutcome,
    ports::StreamState,
    routing::Side,
};
use crossover_stages::pre_check::{CheckContext, catalogue, run_all};
use crossover_testkit::{
    Scenario,
    database::{MemoryDatabaseState, Prepared, Role, Session, Transaction},
    executor::block_on,
    ports,
    scenario::table,
    state::State,
};

/// The check that must fail, and the one fact that makes it fail.
struct Row {
    check: &'static str,
    fact: &'static str,
    change: fn(&mut State),
}

const fn row(check: &'static str, fact: &'static str, change: fn(&mut State)) -> Row {
    Row { check, fact, change }
}

fn audit(database: &mut MemoryDatabaseState) {
    let orders = database.tables.get_mut(&table("orders")).unwrap();
    orders.facts.firing_triggers = vec![FiringTrigger {
        name: "audit".to_owned(),
        always: true,
    }];
}

const ROWS: &[Row] = &[
    row("PG01", "the source's changes cannot be decoded", |s| {
        s.source.server.decodes_changes = unmet("log");
    }),
    row("PG01", "the target's changes cannot be decoded", |s| {
        s.target.server.decodes_changes = unmet("log");
    }),
    row("PG02", "the target cannot retain another position", |s| {
        s.target.server.retains_another_position = unmet("positions");
    }),
    row("PG03", "the target cannot serve another reader", |s| {
        s.target.server.serves_another_reader = unmet("readers");
    }),
    row("PG06", "a transaction is prepared on the source", |s| {
        prepare(&mut s.source);
    }),
    row("PG06", "a transaction is prepared on the target", |s| {
        prepare(&mut s.target);
    }),
    row("PG07", "a transaction of the source is old", |s| {
        begin_long_ago(&mut s.source, "shop_app");
    }),
    row("PG07", "a transaction of the target is old", |s| {
        begin_long_ago(&mut s.target, "shop_report");
    }),
    row("PG11", "a table has no primary key", |s| {
        let facts = &mut s.source.tables.get_mut(&table("orders")).unwrap().facts;
        facts.primary_key = Vec::new();
        facts.identity = ReplicaIdentity::Missing(MissingIdentity::NoPrimaryKey);
    }),
    row("PG11", "a primary key is deferrable", |s| {
        s.source.tables.get_mut(&table("orders")).unwrap().facts.identity =
            ReplicaIdentity::Missing(MissingIdentity::DeferrablePrimaryKey);
    }),
    row("PG11", "the stream does not support replica identity full", |s| {
        s.behaviour.whole_row_identity = false;
        let facts = &mut s.source.tables.get_mut(&table("orders")).unwrap().facts;
        facts.identity = ReplicaIdentity::FullRow;
        facts.unique_index = Some("by_token".to_owned());
    }),
    row("PG12", "a table without a key has replica identity full", |s| {
        let facts = &mut s.source.tables.get_mut(&table("orders")).unwrap().facts;
        facts.identity = ReplicaIdentity::FullRow;
        facts.unique_index = None;
    }),
    row("PG19", "a table is unlogged", |s| {
        s.source.tables.get_mut(&table("orders")).unwrap().facts.unlogged = true;
    }),
    row("PG26", "a superuser is connected", |s| {
        let admin = Role {
            can_login: true,
            superuser: true,
            granted_write: true,
            ..Role::default()
        };
        s.source.roles.insert("admin".to_owned(), admin);
        s.source.sessions.push(session("admin", None));
    }),
    row(
        "PG30",
        "a trigger of the source fires for replicated changes",
        |s| {
            audit(&mut s.source);
        },
    ),
    row("PG35", "a policy hides rows of the source", |s| {
        s.source
            .tables
            .get_mut(&table("orders"))
            .unwrap()
            .facts
            .rows_hidden = true;
    }),
    row("PG35", "a policy hides rows of the target", |s| {
        s.target
            .tables
            .get_mut(&table("orders"))
            .unwrap()
            .facts
            .rows_hidden = true;
    }),
    row("PG36", "the source is a standby", |s| {
        s.source.server.takes_writes = unmet("server");
    }),
    row("PG36", "the target is a standby", |s| {
        s.target.server.takes_writes = unmet("server");
    }),
    row("PG38", "the source has no table for markers", |s| {
        s.source.own_tables_lack = vec![lack("markers")];
    }),
    row("PG38", "the target has no table for markers", |s| {
        s.target.own_tables_lack = vec![lack("markers")];
    }),
    row("TG02", "a role is missing on the target", |s| {
        s.target.roles.remove("shop_app");
    }),
    row("TG02", "a role can log in on the target", |s| {
        s.target.roles.get_mut("shop_app").unwrap().can_login = true;
    }),
    row("TG02", "a role cannot write on the target", |s| {
        s.target.roles.get_mut("shop_owner").unwrap().granted_write = false;
    }),
    row("TG03", "a column has another type on the target", |s| {
        let orders = s.target.tables.get_mut(&table("orders")).unwrap();
        "id integer, token text".clone_into(&mut orders.columns);
    }),
    row(
        "TG06",
        "a trigger of the target fires for replicated changes",
        |s| {
            audit(&mut s.target);
        },
    ),
    row("DM01", "the task is stopped", |s| {
        s.tasks.get_mut(&Stream::Forward).unwrap().state = StreamState::Stopped;
    }),
    row("DM01", "the task has not loaded everything", |s| {
        s.tasks.get_mut(&Stream::Forward).unwrap().loaded_percent = 99;
    }),
    row("DM02", "a table is not replicated", |s| {
        s.tasks
            .get_mut(&Stream::Forward)
            .unwrap()
            .tables
            .retain(|carried| *carried != table("orders"));
    }),
];

fn unmet(object: &str) -> Need {
    Need::Unmet(lack(object))
}

fn lack(object: &str) -> Shortfall {
    Shortfall {
        object: object.to_owned(),
        message: "lacks something".to_owned(),
        remedy: "add it".to_owned(),
    }
}

fn prepare(database: &mut MemoryDatabaseState) {
    database.prepared.push(Prepared {
        gid: "late".to_owned(),
        owner: "shop_app".to_owned(),
    });
}

fn begin_long_ago(database: &mut MemoryDatabaseState, role: &str) {
    let transaction = Transaction {
        since: 0,
        ends_at: u64::MAX,
        table: table("orders"),
        id: 100,
        token: "old".to_owned(),
    };
    database.sessions.push(session(role, Some(transaction)));
}

fn session(role: &str, transaction: Option<Transaction>) -> Session {
    Session {
        id: 9_999,
        role: role.to_owned(),
        transaction,
        cached: std::collections::BTreeMap::new(),
    }
}

/// All findings after `change`: the check's id and the text.
fn findings(change: fn(&mut State)) -> Vec<(String, String)> {
    let scenario = Scenario::quiet();
    change(&mut scenario.shared.lock());
    let ctx = ports::ctx(&scenario.shared, 1, &scenario.plan, scenario.direction);
    block_on(&scenario.shared, async {
        let mut found = Vec::new();
        for check in catalogue() {
            let findings = check.run(&CheckContext::of(&ctx)).await.unwrap();
            found.extend(findings.into_iter().map(|f| (f.check.clone(), f.to_string())));
        }
        found
    })
}

#[test]
fn an_unchanged_system_has_no_findings() {
    assert_eq!(findings(|_| ()), Vec::new());
}

#[test]
fn one_wrong_fact_is_found_by_exactly_one_check() {
    let mut wrong = Vec::new();
    for Row { check, fact, change } in ROWS {
        let found = findings(*change);
        let ids: BTreeSet<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        if ids != BTreeSet::from([*check]) {
            wrong.push(format!("{fact}: expected {check}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_the_replication_its_checks_have_not_passed_and_all_others_have() {
    let scenario = Scenario::quiet();
    let ctx = ports::ctx(&scenario.shared, 1, &scenario.plan, scenario.direction);
    let reason = "cannot be asked from here";
    let checks = block_on(&scenario.shared, async {
        let ctx = CheckContext {
            carrier: Err(reason),
            ..CheckContext::of(&ctx)
        };
        run_all(&ctx).await
    });
    assert_eq!(checks.len(), catalogue().len());
    for checked in checks {
        if checked.id.starts_with("DM") {
            let reason = reason.to_owned();
            assert_eq!(checked.outcome, CheckOutcome::NotCheckedHere { reason });
        } else {
            assert!(checked.passed(), "{checked:?}");
        }
    }
}

#[test]
fn every_check_is_in_the_table() {
    let in_table: BTreeSet<&str> = ROWS.iter().map(|row| row.check).collect();
    let checks: BTreeSet<&str> = catalogue().iter().map(|check| check.id()).collect();
    assert_eq!(in_table, checks);
}

#[test]
fn a_finding_names_its_side_and_its_remedy() {
    let found = findings(|s| s.side_mut(Side::Target).server.takes_writes = unmet("server"));
    let [(_, text)] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert!(
        text.starts_with("PG36 target: server: lacks something; add it"),
        "{text}"
    );
}
