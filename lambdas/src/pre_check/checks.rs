//! The catalogue of checks, one file each. The output follows the order of [`catalogue`].

mod dms_01_task_running;
mod dms_02_tables_follow;
mod pg_01_wal_level;
mod pg_02_replication_slots;
mod pg_03_wal_senders;
mod pg_06_prepared_transactions;
mod pg_07_long_transactions;
mod pg_11_primary_keys;
mod pg_12_replica_identity;
mod pg_19_unlogged_tables;
mod pg_26_writers;
mod pg_30_firing_triggers;
mod pg_35_row_level_security;
mod pg_36_standby;
mod pg_38_own_tables;
mod tg_02_application_roles;
mod tg_03_schema;
mod tg_06_firing_triggers;

use async_trait::async_trait;
use crossover_core::{
    catalogue::{Need, Shortfall},
    finding::{Finding, Severity},
    routing::Side,
};

use super::{AppliesTo, CheckContext, Unanswered};

/// One question about the two databases or the replication between them. An error means that the answer is
/// unknown, or not to be had here; a check that ends with an error never passes.
#[async_trait]
pub trait Check: Send + Sync {
    /// Stable across versions.
    fn id(&self) -> &'static str;
    /// What the check reads or proves, for the operator.
    fn looks_at(&self) -> &'static str;
    /// For other engines the check is listed as not applicable.
    fn applies_to(&self) -> AppliesTo;
    /// The failure that the check prevents.
    fn why(&self) -> &'static str;
    /// Applies to every finding of the check.
    fn severity(&self) -> Severity {
        Severity::Blocks
    }
    /// The general remedy, in one sentence. Each finding has a remedy for its own object.
    fn remedy(&self) -> &'static str;
    /// All findings; empty when the check passes.
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered>;

    /// A finding with the id and the severity of this check.
    fn finds(&self, object: &str, message: String, remedy: &str) -> Finding {
        Finding {
            check: self.id().to_owned(),
            severity: self.severity(),
            object: object.to_owned(),
            message,
            remedy: remedy.to_owned(),
        }
    }

    /// A finding for a need that the server of `side` does not meet.
    fn unmet(&self, side: Side, need: &Need) -> Vec<Finding> {
        need.shortfall()
            .map(|shortfall| self.falls_short(side, shortfall))
            .into_iter()
            .collect()
    }

    /// A finding in the words of the engine of `side`.
    fn falls_short(&self, side: Side, shortfall: &Shortfall) -> Finding {
        self.finds(
            &format!("{side}: {}", shortfall.object),
            shortfall.message.clone(),
            &shortfall.remedy,
        )
    }
}

/// Every check, in the order in which they run.
pub fn catalogue() -> Vec<Box<dyn Check>> {
    vec![
        Box::new(pg_01_wal_level::WalLevel),
        Box::new(pg_02_replication_slots::ReplicationSlots),
        Box::new(pg_03_wal_senders::WalSenders),
        Box::new(pg_06_prepared_transactions::PreparedTransactions),
        Box::new(pg_07_long_transactions::LongTransactions),
        Box::new(pg_11_primary_keys::PrimaryKeys),
        Box::new(pg_12_replica_identity::WholeRows),
        Box::new(pg_19_unlogged_tables::UnloggedTables),
        Box::new(pg_26_writers::Writers),
        Box::new(pg_30_firing_triggers::SourceTriggers),
        Box::new(pg_35_row_level_security::RowLevelSecurity),
        Box::new(pg_36_standby::Standby),
        Box::new(pg_38_own_tables::OwnTables),
        Box::new(tg_02_application_roles::ApplicationRoles),
        Box::new(tg_03_schema::Schema),
        Box::new(tg_06_firing_triggers::TargetTriggers),
        Box::new(dms_01_task_running::TaskRunning),
        Box::new(dms_02_tables_follow::TablesFollow),
    ]
}

/// Remedies as data, for the tests of the checks.
#[cfg(test)]
struct PlainRemedies;

#[cfg(test)]
impl crossover_core::schema::Remedies for PlainRemedies {
    fn remedy(&self, remedy: &crossover_core::schema::Remedy) -> String {
        format!("{remedy:?}")
    }
}
