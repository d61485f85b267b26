//! Tests which hash functions of a server give the known results. PostgreSQL does not guarantee the results
//! of its hash functions across versions, builds and processors. The expected results are those of PostgreSQL
//! 12 to 18 on x86-64.

use crossover_core::{
    ports::{PortError, PortResult},
    rows::Hashing,
};
use tokio_postgres::error::SqlState;

use crate::PostgresDatabase;

const QUESTIONS: &str = include_str!("../sql/row_hash_questions.sql");
const ANSWERS: [i64; 7] = [
    5_701_871_423_263_509_443,
    3_337_057_448_596_427_610,
    -1_958_241_369_161_757_374,
    -5_142_811_166_230_430_645,
    -482_506_838_287_537_505,
    -5_521_250_439_457_555_650,
    8_289_316_398_872_669_484,
];
const MD5: &str = "select md5('crossover') = 'c7fb67368c25c29b9c10ca91b2d97488' as known";

impl PostgresDatabase {
    pub(super) async fn tested_hashing(&self) -> PortResult<Hashing> {
        match self.query(QUESTIONS, &[]).await {
            Ok(rows) => {
                let row = rows
                    .first()
                    .ok_or_else(|| PortError::unexpected(self.what(), "no answer to the hash self-test"))?;
                let answers: Vec<i64> = self.read(row, "answers")?;
                if answers == ANSWERS {
                    return Ok(Hashing::TypedHash);
                }
            }
            Err(failure) if failure.is(&SqlState::UNDEFINED_FUNCTION) => {}
            Err(failure) => return Err(failure.into()),
        }
        match self.query(MD5, &[]).await {
            Ok(rows)
                if rows
                    .first()
                    .is_some_and(|row| self.read(row, "known").unwrap_or(false)) =>
            {
                Ok(Hashing::Md5)
            }
            Err(failure) if failure.disconnected => Err(failure.into()),
            // A server in FIPS mode refuses md5.
            Ok(_) | Err(_) => Ok(Hashing::Stream),
        }
    }
}
