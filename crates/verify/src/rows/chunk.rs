//! A part of a table, summed on both sides.

use std::collections::BTreeMap;

use crossover_core::rows::{Bounds, RowDigest};

use super::chunks::BUCKET_ROWS;

/// Buckets without rows are left out.
pub(super) type Digests = BTreeMap<u32, RowDigest>;

/// A part of a table that was compared separately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    pub id: u32,
    /// The range of the key; `None` for buckets of the key's hash.
    pub bounds: Option<Bounds>,
    pub source: RowDigest,
    pub target: RowDigest,
}

impl Chunk {
    pub fn differs(&self) -> bool {
        self.source != self.target
    }

    /// Converts buckets to chunks: a power of two of them, including empty ones, so that the number of chunks
    /// determines which rows each one contains. A small table needs fewer chunks than the buckets in which it
    /// was read; chunk n is the sum of the buckets whose number ends in the bits of n.
    pub(super) fn of_buckets(source: &Digests, target: &Digests, buckets: u32) -> Vec<Self> {
        let rows = |digests: &Digests| digests.values().map(|d| d.rows).sum::<u64>();
        let wanted = rows(source).max(rows(target)) / BUCKET_ROWS;
        let number = wanted.clamp(1, u64::from(buckets.max(1))).next_power_of_two() as u32;
        let mut chunks: Vec<Self> = (0..number)
            .map(|id| Self {
                id,
                bounds: None,
                source: RowDigest::default(),
                target: RowDigest::default(),
            })
            .collect();
        let place = |bucket: &u32| (bucket & (number - 1)) as usize;
        for (bucket, digest) in source {
            let sum = &mut chunks[place(bucket)].source;
            *sum = sum.plus(*digest);
        }
        for (bucket, digest) in target {
            let sum = &mut chunks[place(bucket)].target;
            *sum = sum.plus(*digest);
        }
        chunks
    }

    /// Whether these chunks contain every possible row of a table: all buckets, or adjacent ranges from the
    /// beginning to the end.
    pub fn are_whole(chunks: &[Self]) -> bool {
        let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else {
            return false;
        };
        let numbered = chunks.iter().zip(0..).all(|(chunk, id)| chunk.id == id);
        let follows = match (&first.bounds, &last.bounds) {
            (Some(first), Some(last)) => {
                first.from.is_none()
                    && last.to.is_none()
                    && chunks
                        .windows(2)
                        .all(|pair| match (&pair[0].bounds, &pair[1].bounds) {
                            (Some(one), Some(next)) => one.to.is_some() && one.to == next.from,
                            _ => false,
                        })
            }
            (None, None) => chunks.len().is_power_of_two() && chunks.iter().all(|c| c.bounds.is_none()),
            _ => false,
        };
        numbered && follows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: u64) -> RowDigest {
        RowDigest {
            rows,
            sum: i128::from(rows) * 7,
        }
    }

    #[test]
    fn an_empty_table_is_one_chunk_without_rows() {
        let chunks = Chunk::of_buckets(&Digests::new(), &Digests::new(), 256);
        assert_eq!(chunks.len(), 1);
        assert_eq!(chunks[0].source, RowDigest::default());
        assert!(Chunk::are_whole(&chunks));
    }

    #[test]
    fn few_chunks_are_the_sums_of_many_buckets() {
        let source: Digests = (0..256).map(|bucket| (bucket, digest(40))).collect();
        let target: Digests = [(1, digest(3)), (9, digest(4)), (2, digest(5))].into();
        let chunks = Chunk::of_buckets(&source, &target, 256);
        assert_eq!(chunks.len(), 8);
        assert!(chunks.iter().all(|chunk| chunk.source == digest(32 * 40)));
        assert_eq!(chunks[1].target, digest(7));
        assert_eq!(chunks[2].target, digest(5));
        let most = Chunk::of_buckets(&[(0, digest(100_000_000))].into(), &target, 256);
        assert_eq!(most.len(), 256);
    }

    #[test]
    fn chunks_that_leave_rows_out_are_not_whole() {
        let range = |id, from: Option<&str>, to: Option<&str>| Chunk {
            id,
            bounds: Some(Bounds {
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
            }),
            source: digest(1),
            target: digest(1),
        };
        let bucket = |id| Chunk {
            bounds: None,
            ..range(id, None, None)
        };
        let whole = vec![
            range(0, None, Some("5")),
            range(1, Some("5"), Some("9")),
            range(2, Some("9"), None),
        ];
        assert!(Chunk::are_whole(&whole));
        assert!(Chunk::are_whole(&[range(0, None, None)]));
        assert!(Chunk::are_whole(&[bucket(0), bucket(1)]));
        let flawed = [
            vec![],
            whole[1..].to_vec(),
            whole[..2].to_vec(),
            vec![whole[0].clone(), range(1, Some("6"), None)],
            vec![range(0, None, None), range(1, None, None)],
            vec![range(0, None, Some("5")), range(2, Some("5"), None)],
            vec![range(0, None, Some("5")), bucket(1), range(2, Some("5"), None)],
            vec![bucket(0), bucket(1), bucket(2)],
            vec![bucket(0), bucket(2)],
            vec![bucket(0), range(1, None, None)],
        ];
        for chunks in flawed {
            assert!(!Chunk::are_whole(&chunks), "{chunks:?}");
        }
    }
}
