//! One change of the lane by an operator: sent once, and its outcome told.

use anyhow::Context as _;
use crossover_core::routing::{Command, LaneRecord};
use crossover_operate::edge::{EdgeAdmin, EdgeError};

/// What an operator sets.
pub struct Setting {
    /// E.g. `the share`.
    pub name: &'static str,
    /// When it can be set, as a sentence.
    pub possible: &'static str,
}

impl Setting {
    /// Sends the command if the lane is still as `record` says. None: the lane has refused it, which is told on standard error.
    pub async fn change(
        &self,
        admin: &EdgeAdmin,
        record: &LaneRecord,
        command: Command,
    ) -> anyhow::Result<Option<LaneRecord>> {
        match admin.apply(record.epoch, command).await {
            Ok(record) => Ok(Some(record)),
            Err(EdgeError::Refused { name, message, .. }) => {
                eprintln!("{}", self.refused(&name, &message));
                Ok(None)
            }
            Err(error @ EdgeError::Unreachable { .. }) => Err(error).context(format!(
                "it is unknown whether {} was set; repeat the command: it sets nothing twice",
                self.name
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// A refusal of the lane, with what to do.
    pub fn refused(&self, name: &str, message: &str) -> String {
        let remedy = match name {
            "illegal_transition" => self.possible,
            "epoch_mismatch" => {
                "the lane has changed since it was read: look at it (crossover edge status), then repeat the command"
            }
            _ => "crossover edge status shows the lane",
        };
        format!("refused: {message}; {remedy}. Nothing was changed.")
    }
}
