//! Integers beyond the range that JSON readers keep exactly (2^53), as decimal text with one form for each.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

/// An integer of any length: `0`, or digits without leading zeros, `-` before a negative one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct WholeNumber(String);

/// A text that is not an integer, or not in its only form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an integer in its shortest form; write digits without leading zeros, '-' before a negative one"
)]
pub struct InvalidWholeNumber(pub String);

impl FromStr for WholeNumber {
    type Err = InvalidWholeNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let shortest = text == "0" || !digits.is_empty() && !digits.starts_with('0');
        if shortest && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidWholeNumber(text.to_owned()))
        }
    }
}

impl From<i64> for WholeNumber {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<u64> for WholeNumber {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl From<u128> for WholeNumber {
    fn from(number: u128) -> Self {
        Self(number.to_string())
    }
}

impl From<i128> for WholeNumber {
    fn from(number: i128) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for WholeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for WholeNumber {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WholeNumber".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(0|-?[1-9][0-9]*)$" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_that_could_be_written_another_way_is_refused() {
        for text in [
            "", "-", "-0", "00", "01", "-01", "+1", "1.0", "1e3", " 1", "1 ", "--1", "٣",
        ] {
            assert!(
                text.parse::<WholeNumber>().is_err(),
                "{text:?} was accepted as a number"
            );
        }
    }

    proptest! {
        #[test]
        fn every_number_has_one_form(number: i64, long in "-?[1-9][0-9]{0,60}") {
            prop_assert_eq!(number.to_string().parse::<WholeNumber>(), Ok(WholeNumber::from(number)));
            prop_assert_eq!(long.parse::<WholeNumber>().map(|n| n.to_string()), Ok(long));
        }
    }
}
