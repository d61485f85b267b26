//! Some buckets of the key's hash.

/// Some of a power of two of buckets. The number of a key's bucket is the last bits of the key's hash, so every bucket
/// of these is divided by counting in more of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSet {
    buckets: u32,
    /// Sorted.
    wanted: Vec<u32>,
}

impl BucketSet {
    pub fn new(buckets: u32, mut wanted: Vec<u32>) -> Self {
        wanted.sort_unstable();
        wanted.dedup();
        Self { buckets, wanted }
    }

    /// The number of all buckets.
    pub const fn buckets(&self) -> u32 {
        self.buckets
    }

    /// The numbers of these buckets, sorted.
    pub fn wanted(&self) -> &[u32] {
        &self.wanted
    }

    /// The place of the bucket among these, for a bucket of as many or of more.
    pub fn place(&self, bucket: u32) -> Option<usize> {
        self.wanted
            .binary_search(&(bucket & self.buckets.wrapping_sub(1)))
            .ok()
    }

    /// A bit for each of at most `most` (a power of two) buckets, the lowest bit of a byte first: set if the bucket, or
    /// one that it is divided into, is among these. Also the number of buckets.
    pub fn bits(&self, most: u32) -> (Vec<u8>, u32) {
        let count = self.buckets.min(most);
        let mut bits = vec![0u8; count.div_ceil(8) as usize];
        for bucket in &self.wanted {
            let bit = bucket & (count - 1);
            bits[(bit / 8) as usize] |= 1 << (bit % 8);
        }
        (bits, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_of_more_is_found_by_its_last_bits() {
        let set = BucketSet::new(256, vec![200, 3, 3]);
        assert_eq!(set.wanted(), [3, 200]);
        assert_eq!(set.place(3 + 256 * 77), Some(0));
        assert_eq!(set.place(200 + 256), Some(1));
        assert_eq!(set.place(4 + 256), None);
        assert_eq!(BucketSet::new(1, vec![0]).place(4_711), Some(0));
    }

    #[test]
    fn bits_hold_every_wanted_bucket() {
        let (bits, count) = BucketSet::new(256, vec![3, 200]).bits(1 << 20);
        assert_eq!((bits.len(), count), (32, 256));
        assert_eq!((bits[0], bits[25]), (8, 1));
        // Fewer bits than buckets: more are let through, none is lost.
        let (bits, count) = BucketSet::new(256, vec![3, 200]).bits(16);
        assert_eq!((bits, count), (vec![0b1000, 1], 16));
    }
}
