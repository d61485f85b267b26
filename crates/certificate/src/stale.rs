//! Whether a certificate still holds for the current databases. An unknown value counts as changed.

use std::{collections::BTreeSet, fmt, time::Duration};

use crossover_core::{Position, catalogue::TableName, ports::Positions, routing::Side};
use jiff::Timestamp;

use super::{Conditions, Hash, SideConditions, Sides, WriteCounters};

/// How far the clocks of two machines may differ before a certificate counts as made in the future.
const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// One reason why a certificate no longer holds for the databases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    #[error("{side}: this is database {now:?}, {was:?} was compared; connect to that one, or verify again")]
    OtherDatabase { side: Side, was: String, now: String },
    #[error(
        "{side}: database {database:?} is on a server with the system identifier {now}, the one compared was on {was}; \
         connect to that server, or verify again"
    )]
    OtherServer {
        side: Side,
        database: String,
        was: String,
        now: String,
    },
    #[error("{side}: {what} is known for one of the two times only, so a change cannot be excluded; {}", .what.remedy())]
    Unknown { side: Side, what: Unread },
    #[error(
        "{side}: the server was of version {was} and is of version {now}: hashes and texts may differ; verify again"
    )]
    OtherVersion { side: Side, was: u32, now: u32 },
    #[error(
        "{side}: the changes end at {now}, behind {was} where it was compared: the server was restored to an \
         earlier state; verify again"
    )]
    WentBack {
        side: Side,
        was: Position,
        now: Position,
    },
    #[error("{side}: where the changes stood and stand cannot be compared: {reason}; verify again")]
    PositionsNotCompared { side: Side, reason: String },
    #[error(
        "{side}: the schema has changed (fingerprint {was}, now {now}); compare the schemas and verify again"
    )]
    SchemaChanged { side: Side, was: Hash, now: Hash },
    #[error("{side}: table {table} was compared and is no longer in scope or no longer exists; verify again")]
    TableGone { side: Side, table: TableName },
    #[error("{side}: table {table} is in scope and was not compared; verify again")]
    TableNew { side: Side, table: TableName },
    #[error(
        "{side}: table {table} was written to: {inserts} inserts, {updates} updates, {deletes} deletes since; verify again"
    )]
    Written {
        side: Side,
        table: TableName,
        inserts: u64,
        updates: u64,
        deletes: u64,
    },
    #[error(
        "{side}: the rows of table {table} are in other files: it was emptied or rewritten; verify again"
    )]
    Rewritten { side: Side, table: TableName },
    #[error(
        "{side}: writes were counted since {was} and are counted since {now}: the statistics were reset, or lost in a crash, so \
         it is unknown what was written between; verify again"
    )]
    StatisticsReset {
        side: Side,
        was: Timestamp,
        now: Timestamp,
    },
    #[error(
        "{side}: the counters of table {table} are lower than before: they were lost or reset, so it is unknown what was \
         written since; verify again"
    )]
    CountersFellBack { side: Side, table: TableName },
    #[error(
        "{side}: writes to table {table} were not counted all the time, so writes may be missing; set track_counts = on and \
         verify again"
    )]
    NotCounted { side: Side, table: TableName },
    #[error("the comparison began {age_s} s ago, at most {max_s} s are allowed; verify again")]
    TooOld { age_s: u64, max_s: u64 },
    #[error(
        "the comparison began {ahead_s} s in the future by this machine's clock; correct the clocks, or verify again"
    )]
    FromTheFuture { ahead_s: u64 },
}

/// A value that could be read at only one of the two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    SystemIdentifier,
    Position,
}

impl Unread {
    const fn remedy(self) -> &'static str {
        match self {
            Self::SystemIdentifier => {
                "grant execute on function pg_control_system() to Crossover's role and verify again"
            }
            Self::Position => "use a role and a server that allow pg_current_wal_lsn(), and verify again",
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SystemIdentifier => "the server's system identifier",
            Self::Position => "the position of its changes",
        })
    }
}

impl Conditions {
    /// Why a comparison made under these conditions does not hold under those of `now`: all reasons, empty
    /// when it still holds. `now` has to be read for the same scope. `max_age` counts from the beginning of
    /// the comparison. `positions` says of each side's engine which position comes first.
    pub fn still_hold(
        &self,
        now: &Self,
        max_age: Option<Duration>,
        positions: Sides<&dyn Positions>,
    ) -> Vec<Stale> {
        let mut reasons = Vec::new();
        for side in [Side::Source, Side::Target] {
            compare(
                side,
                self.sides.of(side),
                now.sides.of(side),
                *positions.of(side),
                &mut reasons,
            );
        }
        let age_s = now.at.as_second() - self.at.as_second();
        if age_s < -(CLOCK_SKEW.as_secs() as i64) {
            let ahead_s = age_s.unsigned_abs();
            reasons.push(Stale::FromTheFuture { ahead_s });
        }
        let (age_s, max_s) = (age_s.max(0) as u64, max_age.map(|age| age.as_secs()));
        if let Some(max_s) = max_s.filter(|max_s| age_s > *max_s) {
            reasons.push(Stale::TooOld { age_s, max_s });
        }
        reasons
    }
}

fn compare(
    side: Side,
    was: &SideConditions,
    now: &SideConditions,
    positions: &dyn Positions,
    reasons: &mut Vec<Stale>,
) {
    if let Some(other) = elsewhere(side, was, now) {
        // All other values differ there by nature and would only hide this reason.
        reasons.push(other);
        return;
    }
    let (before, after) = (&was.facts, &now.facts);
    if before.system_identifier.is_some() != after.system_identifier.is_some() {
        let what = Unread::SystemIdentifier;
        reasons.push(Stale::Unknown { side, what });
    }
    let versions = (before.server_version_num, after.server_version_num);
    if versions.0 / 10_000 != versions.1 / 10_000 {
        let (was, now) = versions;
        reasons.push(Stale::OtherVersion { side, was, now });
    }
    match (&before.position, &after.position) {
        (Some(was), Some(now)) => match positions.lies_behind(was, now) {
            Ok(false) => {}
            Ok(true) => reasons.push(Stale::WentBack {
                side,
                was: was.clone(),
                now: now.clone(),
            }),
            Err(error) => reasons.push(Stale::PositionsNotCompared {
                side,
                reason: error.to_string(),
            }),
        },
        (None, None) => {}
        (Some(_), None) | (None, Some(_)) => {
            let what = Unread::Position;
            reasons.push(Stale::Unknown { side, what });
        }
    }
    let (was_print, now_print) = (before.schema_fingerprint, after.schema_fingerprint);
    if was_print != now_print {
        let (was, now) = (was_print, now_print);
        reasons.push(Stale::SchemaChanged { side, was, now });
    }
    let counting = before.counted_since == after.counted_since;
    if !counting {
        let (was, now) = (before.counted_since, after.counted_since);
        reasons.push(Stale::StatisticsReset { side, was, now });
    }
    let names: BTreeSet<_> = was.tables.keys().chain(now.tables.keys()).collect();
    for name in names {
        let table = name.clone();
        match (was.tables.get(name), now.tables.get(name)) {
            (Some(was), Some(now)) => {
                table_since(side, &table, [was.as_ref(), now.as_ref()], counting, reasons);
            }
            (Some(_), None) => reasons.push(Stale::TableGone { side, table }),
            (None, _) => reasons.push(Stale::TableNew { side, table }),
        }
    }
}

/// Why the database is not the one that was compared.
fn elsewhere(side: Side, was: &SideConditions, now: &SideConditions) -> Option<Stale> {
    let (was, now) = (&was.facts, &now.facts);
    if was.database != now.database {
        let (was, now) = (was.database.clone(), now.database.clone());
        return Some(Stale::OtherDatabase { side, was, now });
    }
    match (&was.system_identifier, &now.system_identifier) {
        (Some(before), Some(after)) if before != after => Some(Stale::OtherServer {
            side,
            database: now.database.clone(),
            was: before.to_string(),
            now: after.to_string(),
        }),
        _ => None,
    }
}

/// The writes to one table; the counters prove nothing unless they were `counting` all the time.
fn table_since(
    side: Side,
    table: &TableName,
    [was, now]: [Option<&WriteCounters>; 2],
    counting: bool,
    reasons: &mut Vec<Stale>,
) {
    let table = table.clone();
    let (Some(was), Some(now)) = (was, now) else {
        reasons.push(Stale::NotCounted { side, table });
        return;
    };
    if was.storage != now.storage {
        let table = table.clone();
        reasons.push(Stale::Rewritten { side, table });
    }
    if !counting {
        return;
    }
    let since = [
        now.inserts.checked_sub(was.inserts),
        now.updates.checked_sub(was.updates),
        now.deletes.checked_sub(was.deletes),
    ];
    match since {
        [Some(0), Some(0), Some(0)] => {}
        [Some(inserts), Some(updates), Some(deletes)] => reasons.push(Stale::Written {
            side,
            table,
            inserts,
            updates,
            deletes,
        }),
        _ => reasons.push(Stale::CountersFellBack { side, table }),
    }
}
