//! The rate of these servers, measured with a few chunks of a table.

use crossover_core::{
    Millis,
    ports::{PortError, Rows},
    routing::Side,
    rows::Region,
};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    prepared::PreparedTable,
    rows::{Comparison, Layout},
};

/// Number of chunks measured in each table, spread from its beginning to its end.
const SAMPLES: usize = 8;

/// The measurements of one table.
pub(super) struct Seen {
    pub samples: Vec<Sample>,
    /// The rows are not stored in the order of their key.
    pub by_blocks: bool,
}

pub(super) struct Sample {
    pub rows: u64,
    pub elapsed: Millis,
}

/// Rows per second.
pub(super) fn rate(rows: u64, elapsed: Millis) -> f64 {
    rows as f64 * 1_000.0 / (elapsed.0 as f64).max(1.0)
}

/// Measures a table with as many concurrent chunks as a comparison uses: a single chunk would be faster than
/// in the comparison.
pub(super) async fn measure(comparison: &Comparison<'_>, table: &PreparedTable) -> Result<Seen, PortError> {
    let layout = comparison
        .layout(
            (&table.shapes.0, &table.shapes.1),
            (&table.forms.0, &table.forms.1),
        )
        .await?;
    let by_blocks = matches!(layout, Layout::Buckets { .. });
    let (pairs, buckets): (Vec<(Region, Region)>, u32) = match layout {
        Layout::Ranges(ranges) => {
            let mut ranges = ranges.joined(comparison.options.chunk_rows);
            if ranges.len() > SAMPLES {
                // The open ends contain almost no rows, only those that are newer than the statistics.
                ranges.pop();
                ranges.remove(0);
            }
            let chosen = spread_out(ranges.into_iter().map(Region::Keys).collect());
            (chosen.into_iter().map(|r| (r.clone(), r)).collect(), 1)
        }
        Layout::Buckets {
            buckets,
            source,
            target,
        } => (
            spread_out(source).into_iter().zip(spread_out(target)).collect(),
            buckets,
        ),
    };
    let mut samples: Vec<Sample> = stream::iter(pairs)
        .map(|(ours, theirs)| sample(comparison, table, ours, theirs, buckets))
        .buffer_unordered(comparison.options.jobs.max(1))
        .try_collect()
        .await?;
    samples.retain(|sample| sample.rows > 0);
    Ok(Seen { samples, by_blocks })
}

async fn sample(
    comparison: &Comparison<'_>,
    table: &PreparedTable,
    ours: Region,
    theirs: Region,
    buckets: u32,
) -> Result<Sample, PortError> {
    let (source, target): (&dyn Rows, &dyn Rows) = (&comparison.source, &comparison.target);
    let clock = comparison.clock;
    for (side, database) in [(Side::Source, source), (Side::Target, target)] {
        comparison
            .governor
            .before(side, database, clock, comparison.watch)
            .await?;
    }
    let began = clock.now();
    let (ours, _) = futures::try_join!(
        source.digest(&table.forms.0, &ours, buckets, None),
        target.digest(&table.forms.1, &theirs, buckets, None)
    )?;
    Ok(Sample {
        rows: ours.values().map(|d| d.rows).sum(),
        elapsed: clock.now().since(began),
    })
}

/// Selects a few of many, spread evenly from the first to the last.
fn spread_out<T>(mut all: Vec<T>) -> Vec<T> {
    let count = all.len();
    if count <= SAMPLES {
        return all;
    }
    let mut place = 0;
    all.retain(|_| {
        let chosen = (0..SAMPLES).any(|n| n * (count - 1) / (SAMPLES - 1) == place);
        place += 1;
        chosen
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_reach_from_the_first_to_the_last() {
        assert_eq!(spread_out((0..100).collect()), [0, 14, 28, 42, 56, 70, 84, 99]);
        assert_eq!(spread_out(vec![1, 2]), [1, 2]);
    }
}
