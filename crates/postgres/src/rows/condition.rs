//! The user's condition on rows.

use crossover_core::ports::{PortError, PortResult};
use tokio_postgres::error::SqlState;

use crate::PostgresDatabase;

impl PostgresDatabase {
    /// Checks that a condition stays within the parentheses around it. A condition that closes them and opens
    /// others would apply to every row of every region. No text can close parentheses and brackets alike, so
    /// the condition must be valid in both.
    ///
    /// # Errors
    /// `Refused` for an invalid condition, with the server's message; `Unreachable` when the server does not
    /// answer. Names in the condition are not checked.
    pub async fn check_condition(&self, condition: &str) -> PortResult<()> {
        for sql in [
            format!("explain select ({condition}\n)"),
            format!("explain select array[{condition}\n]"),
        ] {
            match self.query(&sql, &[]).await {
                Err(failure) if failure.is(&SqlState::SYNTAX_ERROR) => {
                    let error = PortError::from(failure);
                    return Err(self.refused(format!("{condition:?} is not a complete condition: {error}")));
                }
                Err(failure) if failure.disconnected => return Err(failure.into()),
                _ => {}
            }
        }
        Ok(())
    }
}
