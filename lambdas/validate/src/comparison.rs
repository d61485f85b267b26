//! One table, compared while it changes.
//!
//! Both sides add up row hashes in buckets. Buckets that differ are read row by row; a row that differs is looked at
//! again behind a fence, which the follower shows only when it has applied everything before it. What still
//! differs then, unchanged on both sides, is a real difference.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{
    StageError, World,
    catalogue::TableName,
    ports::{Database, RowHash},
};
use serde::Serialize;

/// Buckets a table is added up in: few enough to send, many enough to read little where something differs.
const BUCKETS: u32 = 256;
/// Keys named in a result.
const NAMED_KEYS: usize = 10;
/// How often rows that go on changing are looked at again.
const ROUNDS: u32 = 20;
const LOOK_EVERY_MS: u64 = 5;

/// What was found about a table.
#[derive(Debug, Serialize)]
pub struct TableResult {
    pub name: String,
    pub rows_writer: u64,
    pub rows_follower: u64,
    pub equal: bool,
    /// Rows that were looked at again because they changed during the comparison.
    pub rechecked: usize,
    /// Up to ten keys that differ.
    pub keys: Vec<String>,
}

impl TableResult {
    /// The result as one clause for an error message.
    pub fn describe(&self) -> String {
        format!(
            "{} ({} rows against {}, for example {})",
            self.name,
            self.rows_writer,
            self.rows_follower,
            self.keys.join(" ")
        )
    }
}

type Differences = BTreeMap<String, (Option<String>, Option<String>)>;

/// Compares one table on both sides.
pub async fn compare(
    world: &World,
    writer: &dyn Database,
    follower: &dyn Database,
    table: &TableName,
) -> Result<TableResult, StageError> {
    let (ours, theirs) =
        futures::try_join!(writer.digests(table, BUCKETS), follower.digests(table, BUCKETS))?;
    let buckets: BTreeSet<u32> = ours.keys().chain(theirs.keys()).copied().collect();
    let suspicious: Vec<u32> = buckets
        .into_iter()
        .filter(|b| ours.get(b) != theirs.get(b))
        .collect();
    let mut result = TableResult {
        name: table.to_string(),
        rows_writer: ours.values().map(|d| d.rows).sum(),
        rows_follower: theirs.values().map(|d| d.rows).sum(),
        equal: true,
        rechecked: 0,
        keys: Vec::new(),
    };
    if suspicious.is_empty() {
        return Ok(result);
    }
    let (ours, theirs) = futures::try_join!(
        writer.rows_in(table, BUCKETS, &suspicious),
        follower.rows_in(table, BUCKETS, &suspicious)
    )?;
    let mut open = differences(ours, theirs);
    result.rechecked = open.len();
    for _ in 0..ROUNDS {
        if open.is_empty() {
            return Ok(result);
        }
        pass_fence(world, writer, follower).await?;
        let keys: Vec<String> = open.keys().cloned().collect();
        // The follower first: a row written between the two reads is then a difference, never a hidden one.
        let theirs = follower.rows_of(table, &keys).await?;
        let ours = writer.rows_of(table, &keys).await?;
        let still = differences(ours, theirs);
        let settled = still.iter().all(|(key, sides)| open.get(key) == Some(sides));
        open = still;
        if settled && !open.is_empty() {
            break;
        }
    }
    result.equal = open.is_empty();
    result.keys = open.into_keys().take(NAMED_KEYS).collect();
    Ok(result)
}

/// Keys whose rows are not the same on both sides.
fn differences(ours: Vec<RowHash>, theirs: Vec<RowHash>) -> Differences {
    let mut sides: Differences = ours
        .into_iter()
        .map(|row| (row.key, (Some(row.hash), None)))
        .collect();
    for row in theirs {
        sides.entry(row.key).or_default().1 = Some(row.hash);
    }
    sides.retain(|_, (ours, theirs)| ours != theirs);
    sides
}

/// Waits until the follower has applied everything the writer has committed by now.
async fn pass_fence(world: &World, writer: &dyn Database, follower: &dyn Database) -> Result<(), StageError> {
    if world.plan.dry_run {
        // A dry run writes no fence; the lag that is allowed is the best wait there is without one.
        world.clock.sleep_ms(world.plan.limits.max_lag_ms).await;
        return Ok(());
    }
    let nonce = format!("validate-{}", uuid::Uuid::new_v4());
    let began = world.clock.now_ms();
    writer.raise_fence(&world.plan.run_id, &nonce).await?;
    while follower.count_fence(&world.plan.run_id, &nonce).await? == 0 {
        let waited_ms = world.clock.now_ms().saturating_sub(began);
        if waited_ms >= world.plan.limits.fence_ms {
            return Err(StageError::ProbeFenceNotSeen { waited_ms });
        }
        world.clock.sleep_ms(LOOK_EVERY_MS).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[(&str, &str)]) -> Vec<RowHash> {
        of.iter()
            .map(|(key, hash)| RowHash {
                key: (*key).into(),
                hash: (*hash).into(),
            })
            .collect()
    }

    #[test]
    fn missing_extra_and_changed_rows_all_differ() {
        let found = differences(
            rows(&[("1", "a"), ("2", "b"), ("4", "d")]),
            rows(&[("1", "a"), ("3", "c"), ("4", "x")]),
        );
        assert_eq!(
            found.keys().map(String::as_str).collect::<Vec<_>>(),
            ["2", "3", "4"]
        );
        assert_eq!(found["4"], (Some("d".into()), Some("x".into())));
    }
}
