//! The user's own condition on rows.

use crossover_core::ports::{PortError, PortResult};
use tokio_postgres::error::SqlState;

use crate::PostgresDatabase;

impl PostgresDatabase {
    /// Whether a condition on rows stays within the parentheses that stand around it in every statement: one
    /// that closes them and opens others would reach every row of every region. What closes parentheses
    /// cannot close brackets as well, so it has to be good in both.
    ///
    /// # Errors
    /// One that does not, with what the server says; a server that does not answer. Names in it are not
    /// looked at.
    pub async fn check_condition(&self, condition: &str) -> PortResult<()> {
        for sql in [
            format!("explain select ({condition}\n)"),
            format!("explain select array[{condition}\n]"),
        ] {
            match self.query(&sql, &[]).await {
                Err(failure) if failure.is(&SqlState::SYNTAX_ERROR) => {
                    let said = PortError::from(failure);
                    return Err(self.refused(format!("{condition:?} is no condition by itself: {said}")));
                }
                Err(failure) if failure.disconnected => return Err(failure.into()),
                _ => {}
            }
        }
        Ok(())
    }
}
