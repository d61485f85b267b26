//! Rows that differed while they changed, checked again until it is known whether they really differ.

use async_trait::async_trait;
use crossover_core::{
    Millis,
    ports::{Clock, PortResult, Rows},
    routing::Side,
    rows::{HashPlan, RowKey},
};

use super::difference::{Mismatches, differing};

/// Number of keys read in one statement.
pub const KEYS_AT_ONCE: usize = 2_000;

/// Waits until the follower has applied everything that the writer has committed by now.
#[async_trait]
pub trait CatchUp: Send + Sync {
    async fn wait_for_catchup(&self) -> PortResult<()>;
    /// A pass is a proof; otherwise the follower has only probably caught up, and a difference gets some more
    /// time.
    fn is_exact(&self) -> bool {
        true
    }
}

/// Both sides and the options of the recheck.
#[allow(
    clippy::struct_field_names,
    reason = "the limit is called so in every option and message"
)]
pub struct Recheck<'a> {
    pub source: &'a dyn Rows,
    pub target: &'a dyn Rows,
    /// The side the application writes to.
    pub writer: Side,
    pub catch_up: &'a dyn CatchUp,
    pub clock: &'a dyn Clock,
    /// A row that still differs after this time counts as different, even if the row continues to change.
    pub limit_ms: Millis,
}

impl Recheck<'_> {
    /// Checks again until every row is equal or has stayed different, unchanged on both sides, across a
    /// catch-up.
    pub async fn recheck_until_stable(
        &self,
        forms: (&HashPlan, &HashPlan),
        mut open: Mismatches,
    ) -> PortResult<Mismatches> {
        let mut real = Mismatches::new();
        let began = self.clock.now();
        while !open.is_empty() {
            self.catch_up.wait_for_catchup().await?;
            let keys: Vec<RowKey> = open.keys().cloned().collect();
            let still = self.differing(forms, &keys).await?;
            let late = self.clock.now().since(began) >= self.limit_ms;
            let mut next = Mismatches::new();
            for (key, seen) in still {
                if late || open.get(&key) == Some(&seen) {
                    real.insert(key, seen);
                } else {
                    next.insert(key, seen);
                }
            }
            open = next;
        }
        Ok(real)
    }

    /// The keys that differ now.
    pub async fn differing(&self, forms: (&HashPlan, &HashPlan), keys: &[RowKey]) -> PortResult<Mismatches> {
        let mut found = Mismatches::new();
        let ask = |side: Side, keys: &[RowKey]| {
            let keys = keys.to_vec();
            let (database, form) = match side {
                Side::Source => (self.source, forms.0.clone()),
                Side::Target => (self.target, forms.1.clone()),
            };
            async move { database.rows_of(&form, &keys).await }
        };
        for keys in keys.chunks(KEYS_AT_ONCE) {
            // The follower first: a row written between the two reads is then reported as a difference, never
            // hidden.
            let theirs = ask(self.writer.other(), keys).await?;
            let ours = ask(self.writer, keys).await?;
            let (source, target) = match self.writer {
                Side::Source => (ours, theirs),
                Side::Target => (theirs, ours),
            };
            found.extend(differing(source, target));
        }
        Ok(found)
    }
}
