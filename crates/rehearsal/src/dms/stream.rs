//! One change stream: a publication on its source, a subscription on its target.

use postgres_protocol::escape::{escape_identifier, escape_literal};

use super::{
    endpoint::Endpoint,
    mappings::Table,
    session::{Kept, Refused, connect},
};

/// How a stream starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beginning {
    /// Copies every table, then follows. The subscription creates its own slot.
    FullLoad,
    /// Follows only, from an existing slot. Changes that were themselves replicated are left out.
    Slot(String),
}

/// A stream by name, between two endpoints.
#[derive(Debug, Clone)]
pub struct Stream {
    pub name: String,
    pub reads: Endpoint,
    pub writes: Endpoint,
    pub tables: Vec<Table>,
    on_source: Kept,
    on_target: Kept,
}

/// The state of the subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    pub exists: bool,
    pub enabled: bool,
    pub working: bool,
}

/// One table of a subscription.
#[derive(Debug, Clone)]
pub struct TableActivity {
    pub table: Table,
    /// `pg_subscription_rel.srsubstate`; `None` if the table is not part of the subscription.
    pub state: Option<char>,
    pub inserted: i64,
    pub updated: i64,
    pub deleted: i64,
}

impl Stream {
    pub fn new(name: String, reads: Endpoint, writes: Endpoint, tables: Vec<Table>) -> Self {
        Self {
            name,
            reads,
            writes,
            tables,
            on_source: Kept::default(),
            on_target: Kept::default(),
        }
    }

    /// Creates the publication. It has to be there before the slot's position: a server decodes a change with the
    /// catalogue of the change's own time.
    pub async fn publish(&self) -> Result<(), Refused> {
        let tables: Vec<String> = self
            .tables
            .iter()
            .map(|(s, t)| format!("{}.{}", escape_identifier(s), escape_identifier(t)))
            .collect();
        connect(&self.reads)
            .await?
            .batch_execute(&format!(
                "create publication {} for table {}",
                escape_identifier(&self.name),
                tables.join(", ")
            ))
            .await?;
        Ok(())
    }

    /// Creates the subscription, which begins at once.
    pub async fn subscribe(&self, beginning: &Beginning) -> Result<(), Refused> {
        // Applied with the privileges of the replication user, as DMS does, not with those of each table's
        // owner.
        let options = match beginning {
            Beginning::FullLoad => {
                "copy_data = true, disable_on_error = true, run_as_owner = true".to_owned()
            }
            Beginning::Slot(slot) => format!(
                "copy_data = false, create_slot = false, slot_name = {}, origin = none, disable_on_error = true, run_as_owner = true",
                escape_literal(slot)
            ),
        };
        connect(&self.writes)
            .await?
            .batch_execute(&format!(
                "create subscription {} connection {} publication {} with ({options})",
                escape_identifier(&self.name),
                escape_literal(&self.reads.conninfo()),
                escape_identifier(&self.name)
            ))
            .await?;
        Ok(())
    }

    pub async fn resume(&self) -> Result<(), Refused> {
        self.alter("enable").await
    }

    pub async fn pause(&self) -> Result<(), Refused> {
        self.alter("disable").await
    }

    async fn alter(&self, what: &str) -> Result<(), Refused> {
        self.on_target
            .at(&self.writes)
            .await?
            .batch_execute(&format!(
                "alter subscription {} {what}",
                escape_identifier(&self.name)
            ))
            .await?;
        Ok(())
    }

    /// Removes both; a slot that the stream did not create stays.
    pub async fn remove(&self, beginning: Option<&Beginning>) -> Result<(), Refused> {
        let name = escape_identifier(&self.name);
        let target = connect(&self.writes).await?;
        if self.activity().await?.exists {
            target
                .batch_execute(&format!("alter subscription {name} disable"))
                .await?;
            if beginning != Some(&Beginning::FullLoad) {
                target
                    .batch_execute(&format!("alter subscription {name} set (slot_name = none)"))
                    .await?;
            }
            target.batch_execute(&format!("drop subscription {name}")).await?;
        }
        connect(&self.reads)
            .await?
            .batch_execute(&format!("drop publication if exists {name}"))
            .await?;
        Ok(())
    }

    /// The present state of the subscription.
    pub async fn activity(&self) -> Result<Activity, Refused> {
        let row = self.on_target.at(&self.writes)
            .await?
            .query_opt(
                "select s.subenabled, exists (select from pg_stat_subscription w where w.subid = s.oid and w.pid is not null) \
                 from pg_subscription s where s.subname = $1",
                &[&self.name],
            )
            .await?;
        Ok(row.map_or_else(Activity::default, |row| Activity {
            exists: true,
            enabled: row.get(0),
            working: row.get(1),
        }))
    }

    /// The present state of each selected table.
    pub async fn table_activity(&self) -> Result<Vec<TableActivity>, Refused> {
        let (schemas, names): (Vec<String>, Vec<String>) = self.tables.iter().cloned().unzip();
        let rows = self
            .on_target
            .at(&self.writes)
            .await?
            .query(
                include_str!("table_activity.sql"),
                &[&self.name, &schemas, &names],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| TableActivity {
                table: (row.get(0), row.get(1)),
                state: row.get::<_, Option<String>>(2).and_then(|s| s.chars().next()),
                inserted: row.get(3),
                updated: row.get(4),
                deleted: row.get(5),
            })
            .collect())
    }

    /// Number of rows of a table on the stream's target.
    pub async fn count(&self, table: &Table) -> Result<i64, Refused> {
        let statement = format!(
            "select count(*) from {}.{}",
            escape_identifier(&table.0),
            escape_identifier(&table.1)
        );
        Ok(connect(&self.writes)
            .await?
            .query_one(&statement, &[])
            .await?
            .get(0))
    }

    /// Delay of the stream in seconds according to the WAL sender on its source: until written, and until
    /// applied. `None` if no sender runs.
    pub async fn latency(&self) -> Result<Option<(f64, f64)>, Refused> {
        let row = self
            .on_source
            .at(&self.reads)
            .await?
            .query_opt(include_str!("latency.sql"), &[&self.name])
            .await?;
        Ok(row.map(|row| (row.get(0), row.get(1))))
    }
}
