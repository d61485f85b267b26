//! The migration plan: the part of the state machine's input that is the same for all stages of a run.
//!
//! Unknown fields are refused, so that a misspelt safety setting stops the run instead of being ignored.

mod approval;
mod engine;

use serde::{Deserialize, Serialize};

pub use approval::ApprovalPlan;
pub use engine::{EngineName, ReplicationPlan};

use crossover_routing::{HeldWrites, lane::MAX_HOLD};

use crate::{
    Millis,
    catalogue::{OWN_SCHEMA, TableName},
};

/// One migration of one lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Names the migration in logs, retained positions and replication tasks: lower-case letters, digits and
    /// `-`, at most 40.
    pub migration_id: String,
    /// Names this run. Each further run of the same migration (a rollback, a second attempt) needs a new
    /// name.
    pub run_id: String,
    /// The lane that is cut over.
    pub lane: String,
    /// The stages change nothing and report what they would do. Default: false.
    #[serde(default)]
    pub dry_run: bool,
    /// The database moved from.
    pub source: DatabasePlan,
    /// The database moved to.
    pub target: DatabasePlan,
    /// The CDC engine that carries changes between the two, and its settings.
    pub replication: ReplicationPlan,
    /// The router in front of the application.
    pub edge: EdgePlan,
    /// Which tables belong to the migration.
    #[serde(default)]
    pub scope: Scope,
    /// What happens to writes that do not end within `limits.drain_grace_ms`. Default: `abort`.
    #[serde(default)]
    pub on_stragglers: OnStragglers,
    /// Which writes wait at the edge while the writer changes. Default: `all`.
    #[serde(default, skip_serializing_if = "HeldWrites::are_all")]
    pub hold: HeldWrites,
    /// A cutover waits for an approval before it changes anything. Default: it does not wait; a dry run and a rollback never
    /// do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalPlan>,
    /// How long a rollback stays possible after a cutover, in hours; before that a completion is refused. Default: 48.
    #[serde(default = "two_days", skip_serializing_if = "is_two_days")]
    pub rollback_window_h: u32,
    /// Times and bounds.
    #[serde(default)]
    pub limits: Limits,
}

/// Long enough for a weekend's monthly report to show what is wrong.
const ROLLBACK_WINDOW_H: u32 = 48;

const fn two_days() -> u32 {
    ROLLBACK_WINDOW_H
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_two_days(hours: &u32) -> bool {
    *hours == ROLLBACK_WINDOW_H
}

/// What the drain does about writes from before the hold that do not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnStragglers {
    /// Abort the run before anything is locked: no client gets an error.
    #[default]
    Abort,
    /// End their sessions and go on: their clients get an error.
    End,
}

/// One side's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DatabasePlan {
    /// The engine of the database: `postgresql`.
    pub engine: EngineName,
    /// The secret that holds `host`, `port`, `dbname`, `username`, `password` and, where not `verify-full`,
    /// `sslmode`.
    pub secret_id: String,
    /// Roles that are not locked, in addition to the role Crossover logs in with: the replication user,
    /// monitoring. They must not write application data. Default: none.
    #[serde(default)]
    pub exempt_roles: Vec<String>,
    /// The server's name in the monitoring, in the form `rds/<instance>` or `ec2/<instance id>`: lag-wait then waits
    /// while its CPU is nearly used up. Default: the CPU is not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitored_as: Option<String>,
}

/// The edge-router that serves the lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EdgePlan {
    /// Base URL of the router's admin API, `https://…` (plain `http://` is accepted for loopback hosts only).
    pub admin_url: String,
    /// The secret that holds `key_id` and `key` (hexadecimal) for signing admin requests.
    pub secret_id: String,
}

/// The tables that are migrated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Schemas in scope; empty means every user schema. Default: empty.
    #[serde(default)]
    pub schemas: Vec<String>,
    /// Tables left out, as `schema.table`. Default: none.
    #[serde(default)]
    pub exclude: Vec<String>,
}

impl Scope {
    /// The scope with these tables excluded as well.
    #[must_use]
    pub fn without(&self, tables: &[TableName]) -> Self {
        let excluded = tables.iter().map(ToString::to_string);
        Self {
            schemas: self.schemas.clone(),
            exclude: self.exclude.iter().cloned().chain(excluded).collect(),
        }
    }

    /// Whether a table belongs to the migration. Crossover's own schema never does.
    pub fn holds(&self, schema: &str, table: &str) -> bool {
        schema != OWN_SCHEMA
            && (self.schemas.is_empty() || self.schemas.iter().any(|s| s == schema))
            && !self
                .exclude
                .iter()
                .filter_map(|excluded| TableName::read(excluded))
                .any(|excluded| excluded.schema == schema && excluded.name == table)
    }
}

/// Times and bounds of a run. All times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// CDC lag above which a cutover does not start. Default: 2000.
    pub max_lag_ms: Millis,
    /// How long the lag must stay under the limit. Default: 3000.
    pub lag_stable_ms: Millis,
    /// How long lag-wait waits for that before it fails. Default: 600000.
    pub lag_wait_ms: Millis,
    /// Age from which a transaction stops a cutover (pre-check PG07). Default: 600000.
    pub long_transaction_ms: Millis,
    /// Longest time writes may be held before the lane aborts automatically. Default: 8000, at most 20000.
    pub hold_ms: Millis,
    /// How long writes in flight at the hold may take to end; then `on_stragglers` decides. Default: 2000.
    pub drain_grace_ms: Millis,
    /// How long the drain waits until no writer is left, `drain_grace_ms` included. Default: 3000.
    pub drain_ms: Millis,
    /// How long final-sync waits for the catch-up marker. Default: 4000.
    pub marker_ms: Millis,
    /// How many steps each sequence is moved beyond its position on the old writer. Default: 1000.
    pub sequence_headroom: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_lag_ms: Millis(2_000),
            lag_stable_ms: Millis(3_000),
            lag_wait_ms: Millis(600_000),
            long_transaction_ms: Millis(600_000),
            hold_ms: Millis(8_000),
            drain_grace_ms: Millis(2_000),
            drain_ms: Millis(3_000),
            marker_ms: Millis(4_000),
            sequence_headroom: 1_000,
        }
    }
}

impl Plan {
    /// All faults of the plan, sorted; empty for a valid plan.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut named = |field: &str, value: &str, most: usize| {
            let sound = !value.is_empty()
                && value.len() <= most
                && value
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !sound {
                faults.push(format!(
                    "{field} is {value:?}: use 1 to {most} lower-case letters, digits and '-'"
                ));
            }
        };
        named("migration_id", &self.migration_id, 40);
        named("run_id", &self.run_id, 80);
        named("lane", &self.lane, 40);
        if self.limits.hold_ms == Millis(0) || self.limits.hold_ms > MAX_HOLD {
            faults.push(format!(
                "limits.hold_ms is {}: use 1 to {MAX_HOLD}",
                self.limits.hold_ms
            ));
        }
        if self.limits.drain_grace_ms > self.limits.drain_ms {
            faults.push(format!(
                "limits.drain_grace_ms ({}) is longer than limits.drain_ms ({}), which includes it",
                self.limits.drain_grace_ms, self.limits.drain_ms
            ));
        }
        if self.limits.drain_ms + self.limits.marker_ms > self.limits.hold_ms {
            faults.push(format!(
                "limits.drain_ms + limits.marker_ms ({}) is longer than limits.hold_ms ({}): the hold could end before the commit",
                self.limits.drain_ms + self.limits.marker_ms,
                self.limits.hold_ms
            ));
        }
        if self.limits.sequence_headroom < 1 {
            faults.push(format!(
                "limits.sequence_headroom is {}: use at least 1",
                self.limits.sequence_headroom
            ));
        }
        faults.extend(self.approval.iter().filter_map(ApprovalPlan::fault));
        for excluded in &self.scope.exclude {
            if TableName::read(excluded).is_none() {
                faults.push(format!(
                    "scope.exclude names {excluded:?}: write it as schema.table"
                ));
            }
        }
        faults.sort();
        faults
    }

    /// Name of the retained position, on the new writer, that the reverse stream reads from. It has at most
    /// 63 lower-case letters, digits and `_`, which every engine accepts.
    pub fn reverse_position(&self, direction: crate::Direction) -> String {
        let stream = match direction {
            crate::Direction::Forward => "reverse",
            crate::Direction::Reverse => "forward",
        };
        format!("crossover_{}_{stream}", self.migration_id.replace('-', "_"))
    }
}

#[cfg(test)]
mod tests;
