//! Positions in a PostgreSQL write-ahead log.

use std::{fmt, str::FromStr};

use crossover_core::{
    Position,
    ports::{PortError, PortResult, Positions},
};

use crate::PostgresDatabase;

/// A log sequence number, written by PostgreSQL as two hexadecimal halves: `16/B374D848`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

/// A text that is not a log sequence number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a log sequence number; PostgreSQL writes them as two hexadecimal halves, for example 16/B374D848"
)]
pub struct InvalidLsn(pub String);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for Lsn {
    type Err = InvalidLsn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidLsn(text.to_owned());
        let (high, low) = text.split_once('/').ok_or_else(invalid)?;
        let half = |part: &str| match part.len() {
            1..=8 if part.bytes().all(|b| b.is_ascii_hexdigit()) => {
                u64::from_str_radix(part, 16).map_err(|_| invalid())
            }
            _ => Err(invalid()),
        };
        Ok(Self(half(high)? << 32 | half(low)?))
    }
}

impl From<Lsn> for Position {
    fn from(lsn: Lsn) -> Self {
        Self::new(lsn.to_string())
    }
}

/// The order and distance of PostgreSQL positions.
#[derive(Debug, Clone, Copy)]
pub struct LogPositions;

impl LogPositions {
    /// Parses a position.
    pub(crate) fn read(position: &Position) -> PortResult<Lsn> {
        let text = position.as_str();
        text.parse()
            .map_err(|e| PortError::unexpected(format!("position {text:?}"), e))
    }
}

impl Positions for LogPositions {
    fn bytes_ahead(&self, from: &Position, to: &Position) -> PortResult<Option<u64>> {
        let (from, to) = (Self::read(from)?, Self::read(to)?);
        Ok(to.0.checked_sub(from.0))
    }
}

impl Positions for PostgresDatabase {
    fn bytes_ahead(&self, from: &Position, to: &Position) -> PortResult<Option<u64>> {
        LogPositions.bytes_ahead(from, to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_position_survives_its_text(position: u64) {
            prop_assert_eq!(Lsn(position).to_string().parse::<Lsn>(), Ok(Lsn(position)));
        }
    }

    #[test]
    fn positions_are_compared_as_numbers_and_not_as_texts() {
        let ahead = |from: &str, to: &str| LogPositions.bytes_ahead(&Position::new(from), &Position::new(to));
        assert_eq!(ahead("0/FF", "0/100").unwrap(), Some(1));
        assert_eq!(ahead("9/0", "10/0").unwrap(), Some(7 << 32));
        assert_eq!(ahead("0/100", "0/100").unwrap(), Some(0));
        assert_eq!(ahead("10/0", "9/FFFFFFFF").unwrap(), None);
        assert!(ahead("0/0", "binlog.000042:1337").is_err());
    }

    #[test]
    fn a_text_that_is_not_a_position_is_refused() {
        for text in ["", "/", "1", "1/", "/1", "1/123456789", "g/0", "+1/0", "0/0/0"] {
            assert!(text.parse::<Lsn>().is_err(), "{text:?} was taken for a position");
        }
    }
}
