//! A share of reads as an operator writes it.

use std::str::FromStr;

use crossover_core::routing::ReadShare;

/// The share that is asked for; none for `off`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wanted(pub Option<ReadShare>);

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        let number: f64 = text
            .parse()
            .map_err(|_| "give a number of percent such as 12.5, or off".to_owned())?;
        let share = ReadShare::try_from(number).map_err(|error| error.to_string())?;
        Ok(Self(Some(share)))
    }
}
