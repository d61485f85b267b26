//! The migration plan: everything a run needs to know, as it stands in the input of the state machine.
//!
//! Unknown fields are refused, so that a typing error in a safety setting stops the run instead of being ignored.

use serde::{Deserialize, Serialize};

use crate::catalogue::{OWN_SCHEMA, TableName};

/// One migration of one lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Names the migration in logs, slots and replication tasks: lower-case letters, digits and `-`, at most 40.
    pub migration_id: String,
    /// Names this run. A second run of the same migration (a rollback, another try) has another one.
    pub run_id: String,
    /// The lane that is cut over.
    pub lane: String,
    /// Nothing is changed anywhere; the stages say what they would do. Default: false.
    #[serde(default)]
    pub dry_run: bool,
    /// The database moved from.
    pub source: DatabasePlan,
    /// The database moved to.
    pub target: DatabasePlan,
    /// How changes are carried between the two.
    pub replication: ReplicationPlan,
    /// The router in front of the application.
    pub edge: EdgePlan,
    /// Which tables belong to the migration.
    #[serde(default)]
    pub scope: Scope,
    /// Times and bounds.
    #[serde(default)]
    pub limits: Limits,
}

/// One side's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DatabasePlan {
    /// The secret that holds `host`, `port`, `dbname`, `username`, `password` and, where not `verify-full`, `sslmode`.
    pub secret_id: String,
    /// Roles the lock must spare beside the one Crossover itself logs in with: the replication user, monitoring.
    /// Nobody in this list may write application data. Default: none.
    #[serde(default)]
    pub exempt_roles: Vec<String>,
}

/// The replication tasks and what is needed to make the one for reverse replication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReplicationPlan {
    /// Identifier of the DMS task source to target. It exists and runs before a cutover starts.
    pub forward_task: String,
    /// Identifier of the DMS task target to source, reverse replication. A cutover makes it, a rollback uses and removes it.
    pub reverse_task: String,
    /// Identifier of the DMS task source to target that a rollback makes, so that the target follows again.
    pub post_rollback_task: String,
    /// The DMS replication instance the tasks made by Crossover run on.
    pub replication_instance_arn: String,
    /// The DMS endpoints of the source database.
    pub source_endpoints: Endpoints,
    /// The DMS endpoints of the target database.
    pub target_endpoints: Endpoints,
    /// Output plugin of the slots Crossover makes: `test_decoding` (default) and `pglogical` are what DMS reads.
    #[serde(default = "default_slot_plugin")]
    pub slot_plugin: String,
}

/// DMS endpoints are one-way: a database that is read from and written to has two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// ARN of the endpoint that reads from the database. Crossover sets its slot name.
    pub read_arn: String,
    /// ARN of the endpoint that writes to the database.
    pub write_arn: String,
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
    /// The same without some more tables.
    #[must_use]
    pub fn without(&self, tables: &[TableName]) -> Self {
        let more = tables.iter().map(ToString::to_string);
        Self {
            schemas: self.schemas.clone(),
            exclude: self.exclude.iter().cloned().chain(more).collect(),
        }
    }

    /// Whether a table belongs to the migration. Crossover's own schema never does.
    pub fn holds(&self, schema: &str, table: &str) -> bool {
        schema != OWN_SCHEMA
            && (self.schemas.is_empty() || self.schemas.iter().any(|s| s == schema))
            && !self
                .exclude
                .iter()
                .any(|e| e.split_once('.') == Some((schema, table)))
    }
}

/// Times and bounds of a run. All times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// CDC lag above which a cutover does not start. Default: 2000.
    pub max_lag_ms: u64,
    /// Resolution of the lag metric in seconds: DMS stores one figure a minute. Default: 60.
    pub lag_period_s: u32,
    /// How long the lag must stay under the limit. Default: 3000.
    pub lag_stable_ms: u64,
    /// How long lag-wait waits for that before it fails. Default: 600000.
    pub lag_wait_ms: u64,
    /// Age from which a transaction stops a cutover (pre-check PG07). Default: 600000.
    pub long_transaction_ms: u64,
    /// Longest time writes may be held before the lane aborts by itself. Default: 8000, at most 20000.
    pub hold_ms: u64,
    /// How long a request that was forwarded just before the hold may take to reach the database. Default: 100.
    pub drain_settle_ms: u64,
    /// How long transactions that run at the hold may take to end by themselves, the settling included. Default: 500.
    pub drain_grace_ms: u64,
    /// How long the drain waits until no writer is left, the grace included. Default: 3000.
    pub drain_ms: u64,
    /// How long final-sync waits for the catch-up marker. Default: 4000.
    pub marker_ms: u64,
    /// How many ids every sequence is moved beyond the writer's position. Default: 1000.
    pub sequence_headroom: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_lag_ms: 2_000,
            lag_period_s: 60,
            lag_stable_ms: 3_000,
            lag_wait_ms: 600_000,
            long_transaction_ms: 600_000,
            hold_ms: 8_000,
            drain_settle_ms: 100,
            drain_grace_ms: 500,
            drain_ms: 3_000,
            marker_ms: 4_000,
            sequence_headroom: 1_000,
        }
    }
}

fn default_slot_plugin() -> String {
    "test_decoding".to_owned()
}

impl Plan {
    /// Names everything in the plan that cannot work, all at once and sorted; empty when the plan is sound.
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
        if self.limits.hold_ms == 0 || self.limits.hold_ms > 20_000 {
            faults.push(format!(
                "limits.hold_ms is {}: use 1 to 20000",
                self.limits.hold_ms
            ));
        }
        if self.limits.drain_settle_ms > self.limits.drain_grace_ms {
            faults.push(format!(
                "limits.drain_settle_ms ({}) is longer than limits.drain_grace_ms ({}), which includes it",
                self.limits.drain_settle_ms, self.limits.drain_grace_ms
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
                "limits.drain_ms + limits.marker_ms ({}) is longer than limits.hold_ms ({}): every run would meet its deadline",
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
        for excluded in &self.scope.exclude {
            if !excluded.contains('.') {
                faults.push(format!(
                    "scope.exclude names {excluded:?}: write it as schema.table"
                ));
            }
        }
        let tasks = [
            &self.replication.forward_task,
            &self.replication.reverse_task,
            &self.replication.post_rollback_task,
        ];
        for (index, task) in tasks.iter().enumerate() {
            if tasks[..index].contains(task) {
                faults.push(format!(
                    "replication names the task {task:?} twice: each stream needs a task of its own"
                ));
            }
        }
        faults.sort();
        faults
    }

    /// Name of the logical slot the reverse stream reads from, on the side that becomes the writer.
    /// Slot names hold lower-case letters, digits and `_` only, at most 63.
    pub fn slot_name(&self, direction: crate::Direction) -> String {
        let way = match direction {
            crate::Direction::Forward => "reverse",
            crate::Direction::Reverse => "forward",
        };
        format!("crossover_{}_{way}", self.migration_id.replace('-', "_"))
    }
}

#[cfg(test)]
mod tests;
