use async_trait::async_trait;
use crossover_core::{
    StageContext,
    catalogue::{MissingIdentity, ReplicaIdentity, TableFacts},
    finding::Finding,
    ports::PortError,
    schema::{IdentityFault, identity_faults},
};

use super::{AppliesTo, Check};

/// Without an identity of the old row, updates and deletes cannot be replicated.
pub struct PrimaryKeys;

#[async_trait]
impl Check for PrimaryKeys {
    fn id(&self) -> &'static str {
        "PG11"
    }
    fn looks_at(&self) -> &'static str {
        "every table in scope has a primary key, or another replica identity that the change stream reads"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "A replicated update or delete finds its row by the replica identity; a deferrable primary key or replica identity nothing does not identify a row."
    }
    fn remedy(&self) -> &'static str {
        "Add a primary key, choose another replica identity that the stream reads, or exclude the table with scope.exclude."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let tables = ctx.old_writer.reads.tables(&ctx.plan.scope).await?;
        Ok(self.judge(&tables, plugin(ctx)))
    }
}

impl PrimaryKeys {
    /// `plugin` decodes the changes. DMS does not support replica identity full through pglogical.
    fn judge(&self, tables: &[TableFacts], plugin: &str) -> Vec<Finding> {
        identity_faults(tables)
            .iter()
            .filter_map(|fault| {
                let (message, remedy) = objection(fault, plugin)?;
                Some(self.finds(&fault.to_string(), message, remedy))
            })
            .collect()
    }
}

/// The output plugin where the plan names none.
const DEFAULT_PLUGIN: &str = "test_decoding";

/// The output plugin that the settings of the plan's CDC engine name.
fn plugin(ctx: &StageContext) -> &str {
    let chosen = ctx.plan.replication.settings.get("slot_plugin");
    chosen
        .and_then(|plugin| plugin.as_str())
        .unwrap_or(DEFAULT_PLUGIN)
}

fn objection(fault: &IdentityFault, plugin: &str) -> Option<(String, &'static str)> {
    match fault.identity {
        ReplicaIdentity::Key => None,
        ReplicaIdentity::FullRow if plugin != "pglogical" => None,
        ReplicaIdentity::FullRow => Some((
            format!("has replica identity full, which DMS does not read through {plugin}"),
            "use the plugin test_decoding (replication.slot_plugin), or give the table a primary key and replica identity default",
        )),
        ReplicaIdentity::Missing(missing) => Some((
            if plugin == "pgoutput" {
                format!(
                    "{}: once the table is published, the server refuses the application's updates and deletes on it",
                    missing.because()
                )
            } else {
                format!(
                    "{}: its updates and deletes cannot be replicated",
                    missing.because()
                )
            },
            match missing {
                MissingIdentity::NoPrimaryKey if fault.alike => {
                    "alter table ... add primary key; or, unless the plugin is pglogical, alter table ... replica identity full (each \
                     update and delete then scans the target's table); or exclude the table with scope.exclude"
                }
                MissingIdentity::NoPrimaryKey => {
                    "alter table ... replica identity using index (the table has a unique index over columns that are never NULL), or \
                     add a primary key, or exclude the table with scope.exclude"
                }
                MissingIdentity::DeferrablePrimaryKey => {
                    "make the primary key not deferrable, or alter table ... replica identity using another unique index"
                }
                MissingIdentity::Nothing => "alter table ... replica identity default, or using index",
                MissingIdentity::IndexIsGone => {
                    "alter table ... replica identity default, or using an index that exists"
                }
            },
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossover_core::catalogue::TableName;

    fn found(identity: ReplicaIdentity, plugin: &str) -> Vec<String> {
        let table = TableFacts {
            table: TableName {
                schema: "shop".into(),
                name: "log".into(),
            },
            identity,
            ..TableFacts::default()
        };
        let found = PrimaryKeys.judge(&[table], plugin);
        found.into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn an_identity_that_the_stream_reads_passes_and_any_other_blocks() {
        let plugins = ["test_decoding", "pgoutput", "pglogical"];
        for plugin in plugins {
            assert!(found(ReplicaIdentity::Key, plugin).is_empty());
            for missing in [
                MissingIdentity::NoPrimaryKey,
                MissingIdentity::DeferrablePrimaryKey,
                MissingIdentity::Nothing,
                MissingIdentity::IndexIsGone,
            ] {
                let messages = found(ReplicaIdentity::Missing(missing), plugin);
                assert!(messages[0].starts_with(missing.because()), "{messages:?}");
            }
        }
        let full = plugins.map(|plugin| found(ReplicaIdentity::FullRow, plugin).len());
        assert_eq!(full, [0, 0, 1]);
    }
}
