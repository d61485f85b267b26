//! Reading the conditions, before a comparison and when its certificate is checked.

use std::collections::BTreeMap;

use crossover_core::{
    catalogue::TableName,
    plan::Scope,
    ports::{ChangeCounters, Clock, DatabaseState, PortError, PortResult, WriteCounts},
    routing::Side,
    schema::fingerprint_hash,
};
use jiff::Timestamp;

use super::{Conditions, SideConditions, SideFacts, Sides, WriteCounters};

impl Conditions {
    /// Both databases as they are now.
    ///
    /// # Errors
    /// A server that does not answer, or refuses the role access to its catalogue.
    pub async fn read(
        sides: Sides<&dyn ChangeCounters>,
        scope: &Scope,
        clock: &dyn Clock,
    ) -> PortResult<Self> {
        // The time is read first: the age of the findings must not be underestimated.
        let at = now(clock);
        let (source, target) = futures::try_join!(
            read_side(Side::Source, sides.source, scope),
            read_side(Side::Target, sides.target, scope)
        )?;
        Ok(Self {
            at,
            sides: Sides { source, target },
        })
    }

    /// The same conditions at another time: for a check of the age alone, without a query to the databases.
    #[must_use]
    pub fn unchanged_until(&self, clock: &dyn Clock) -> Self {
        Self {
            at: now(clock),
            ..self.clone()
        }
    }
}

/// The time of the clock in the format of certificates.
pub(super) fn now(clock: &dyn Clock) -> Timestamp {
    i64::try_from(clock.now().0)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX)
}

async fn read_side(side: Side, database: &dyn ChangeCounters, scope: &Scope) -> PortResult<SideConditions> {
    // The counters are read first: a write between the two reads then raises the counters above the recorded
    // values.
    let state = database.database_state(scope).await?;
    let schema = fingerprint_hash(&database.fingerprint(scope).await?);
    conditions(state, &schema).map_err(|reason| PortError::unexpected(format!("{side} database"), reason))
}

fn conditions(state: DatabaseState, schema: &str) -> Result<SideConditions, String> {
    let tables: BTreeMap<TableName, Option<WriteCounters>> = state
        .tables
        .into_iter()
        .map(|(table, written)| (table, written.map(counters)))
        .collect();
    Ok(SideConditions {
        facts: SideFacts {
            database: state.database,
            server_version_num: state.server_version_num,
            system_identifier: state.system_identifier.map(Into::into),
            position: state.position,
            schema_fingerprint: schema.parse().map_err(|e| format!("schema fingerprint: {e}"))?,
            counted_since: Timestamp::from_microsecond(state.counted_since_us)
                .map_err(|e| format!("time since when writes are counted: {e}"))?,
        },
        tables,
    })
}

fn counters(written: WriteCounts) -> WriteCounters {
    WriteCounters {
        inserts: written.inserts,
        updates: written.updates,
        deletes: written.deletes,
        storage: written.storage,
    }
}
