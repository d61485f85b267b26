//! Which build of the Worker an isolate runs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::BadReport;

/// The first 64 bits of the SHA-256 of the Worker's files, as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildId(pub u64);

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for BuildId {
    type Err = BadReport;

    fn from_str(text: &str) -> Result<Self, BadReport> {
        let number = u64::from_str_radix(text, 16);
        number
            .ok()
            .map(Self)
            .filter(|build| build.to_string() == text)
            .ok_or(BadReport)
    }
}

impl From<BuildId> for String {
    fn from(build: BuildId) -> Self {
        build.to_string()
    }
}

impl TryFrom<String> for BuildId {
    type Error = BadReport;

    fn try_from(text: String) -> Result<Self, BadReport> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_sixteen_hexadecimal_digits() {
        for build in [BuildId(0), BuildId(0xfe), BuildId(u64::MAX)] {
            assert_eq!(build.to_string().len(), 16);
            assert_eq!(build.to_string().parse(), Ok(build));
        }
        for text in [
            "",
            "1",
            "+00000000000000a",
            "000000000000000G",
            "00000000000000AB",
        ] {
            assert_eq!(text.parse::<BuildId>(), Err(BadReport), "{text}");
        }
    }
}
