//! How a row becomes numbers: the same text on both sides, hashed with several seeds.

use crossover_core::ports::{PortError, PortResult};

use crate::PostgresDatabase;

/// PostgreSQL promises no stability of its hash functions across versions. These answers are those of 12 to 18.
const SELF_TEST: &str = "select hashtextextended('crossover', 2478) = -1958241369161757374 \
    and hashtextextended('', 1) = -150071773020461347 \
    and hashtextextended('crossover', 7165064744911531618) = -1455027111641772091 as known";

/// The function rows are hashed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowHasher {
    /// `hashtextextended`, a seed for each number.
    Server,
    /// Halves of md5: slower, and never equal to the other's.
    Md5,
}

/// Seeds of the two sums and of the buckets.
const SEEDS: [i64; 3] = [7_165_064_744_911_531_618, 2_478, 8_641_205_733];

impl RowHasher {
    /// What a digest begins with, so that digests of different functions are never equal.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Server => "",
            Self::Md5 => "md5:",
        }
    }

    /// SQL for one of two 64-bit numbers of a text.
    pub fn number(self, text: &str, which: usize) -> String {
        match self {
            Self::Server => format!("hashtextextended({text}, {})", SEEDS[which]),
            Self::Md5 => {
                let from = [1, 17, 9][which];
                format!("('x' || substr(md5({text}), {from}, 16))::bit(64)::bigint")
            }
        }
    }

    /// SQL for the bucket of a key's text. `buckets` is a power of two.
    pub fn bucket(self, key: &str, buckets: u32) -> String {
        format!("({} & {}::bigint)", self.number(key, 2), i64::from(buckets) - 1)
    }
}

impl PostgresDatabase {
    /// The function to use on this server, tested at every use: the server may have been replaced behind the connection.
    pub(crate) async fn row_hasher(&self) -> PortResult<RowHasher> {
        let rows = self.query(SELF_TEST, &[]).await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no answer to the hash self-test"))?;
        Ok(if self.read(row, "known")? {
            RowHasher::Server
        } else {
            RowHasher::Md5
        })
    }
}
