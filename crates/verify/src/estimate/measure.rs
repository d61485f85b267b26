//! The rate of these very servers, from a few chunks of a table.

use crossover_core::{
    ports::{PortError, Rows},
    routing::Side,
    rows::{Region, TableForm},
};

use crate::{
    rows::{Comparison, Layout},
    run::{PreparedTable, Sides},
};

/// Chunks of each table that are measured: the first, the last, and those between.
const SAMPLES: usize = 4;
/// What was seen of a table.
pub(super) struct Seen {
    pub samples: Vec<Sample>,
    /// Its rows do not lie in the order of their key.
    pub by_blocks: bool,
}

pub(super) struct Sample {
    pub rows: u64,
    pub ms: u64,
}

/// Rows a second.
pub(super) fn rate(rows: u64, ms: u64) -> f64 {
    rows as f64 * 1_000.0 / (ms as f64).max(1.0)
}

pub(super) async fn measure(
    comparison: &Comparison<'_>,
    sides: &Sides<'_>,
    table: &PreparedTable,
) -> Result<Seen, PortError> {
    let layout = comparison
        .layout(
            (&table.shapes.0, &table.shapes.1),
            (&table.forms.0, &table.forms.1),
        )
        .await?;
    let by_blocks = matches!(layout, Layout::Buckets { .. });
    let (pairs, buckets): (Vec<(Region, Region)>, u32) = match layout {
        Layout::Ranges(ranges) => {
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
    let mut samples = Vec::with_capacity(pairs.len());
    for (ours, theirs) in pairs {
        for (side, database) in [(Side::Source, sides.source), (Side::Target, sides.target)] {
            comparison
                .governor
                .before(side, database, sides.clock, comparison.watch)
                .await?;
        }
        let began = sides.clock.now_ms();
        let look = async |side: &dyn Rows, form: &TableForm, region: &Region| {
            side.digest(form, region, buckets, None).await
        };
        let (ours, _) = futures::try_join!(
            look(sides.source, &table.forms.0, &ours),
            look(sides.target, &table.forms.1, &theirs)
        )?;
        samples.push(Sample {
            rows: ours.values().map(|d| d.rows).sum(),
            ms: sides.clock.now_ms().saturating_sub(began),
        });
    }
    samples.retain(|sample| sample.rows > 0);
    Ok(Seen { samples, by_blocks })
}

/// A few of many, evenly from the first to the last.
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
        assert_eq!(spread_out((0..100).collect()), [0, 33, 66, 99]);
        assert_eq!(spread_out(vec![1, 2]), [1, 2]);
    }
}
