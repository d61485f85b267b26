//! What is said of writers that are still there: before the pause, in the drain, and right before the commit.

use crate::{Millis, StageError, ports::WriterSample};

/// Prepared transactions and superusers can write despite the lock.
pub fn refuse_unstoppable(sample: &WriterSample) -> Result<(), StageError> {
    if !sample.prepared.is_empty() {
        return Err(StageError::PreparedTransactions {
            gids: sample.prepared.clone(),
        });
    }
    if !sample.superuser_sessions.is_empty() {
        return Err(StageError::SuperuserWriter {
            who: sample.superuser_sessions.clone(),
        });
    }
    Ok(())
}

/// After the drain nothing may have come back that can write.
pub fn refuse_any(sample: &WriterSample) -> Result<(), StageError> {
    refuse_unstoppable(sample)?;
    if sample.is_still_clean() {
        return Ok(());
    }
    Err(StageError::WritersRemain {
        waited_ms: Millis(0),
        who: sample.who(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_let_in_again_is_named() {
        let sample = WriterSample {
            admitted_roles: vec!["PUBLIC".to_owned()],
            ..WriterSample::default()
        };
        refuse_unstoppable(&sample).unwrap();
        let StageError::WritersRemain { who, .. } = refuse_any(&sample).unwrap_err() else {
            panic!("another error");
        };
        assert_eq!(who, ["PUBLIC can log in and connect in spite of the lock"]);
    }

    #[test]
    fn superusers_and_prepared_transactions_have_errors_of_their_own() {
        let one = || vec!["one".to_owned()];
        let superuser = WriterSample {
            sessions: one(),
            superuser_sessions: one(),
            ..WriterSample::default()
        };
        assert_eq!(refuse_any(&superuser).unwrap_err().name(), "SuperuserWriter");
        let prepared = WriterSample {
            prepared: one(),
            ..WriterSample::default()
        };
        assert_eq!(refuse_any(&prepared).unwrap_err().name(), "PreparedTransactions");
        refuse_any(&WriterSample::default()).unwrap();
    }
}
