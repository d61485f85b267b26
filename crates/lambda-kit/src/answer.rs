//! The result of a stage as Step Functions receives it.

use crossover_core::StageError;
use lambda_runtime::Diagnostic;

/// A stage's error for Step Functions: the stable name, and a text with what failed, the object, and the
/// remedy.
#[derive(Debug)]
pub struct StageFailure {
    name: &'static str,
    text: String,
}

impl From<StageError> for StageFailure {
    fn from(error: StageError) -> Self {
        Self {
            name: error.name(),
            text: format!("{error}; {}", error.remedy()),
        }
    }
}

impl StageFailure {
    /// The input of the function is not the one that the state machine sends.
    pub fn bad_input(error: &serde_json::Error) -> Self {
        StageError::InvalidPlan {
            faults: vec![error.to_string()],
        }
        .into()
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

impl From<StageFailure> for Diagnostic {
    fn from(failure: StageFailure) -> Self {
        Self {
            error_type: failure.name.to_owned(),
            error_message: failure.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::Millis;

    use super::*;

    #[test]
    fn step_functions_sees_the_stable_name_and_the_operator_the_remedy() {
        let failure = StageFailure::from(StageError::MarkerNotSeen {
            nonce: "n".into(),
            waited_ms: Millis(5),
        });
        let diagnostic = Diagnostic::from(failure);
        assert_eq!(diagnostic.error_type, "MarkerNotSeen");
        assert!(
            diagnostic.error_message.contains("; check the replication task"),
            "{}",
            diagnostic.error_message
        );
    }
}
