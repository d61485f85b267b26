//! Versions, and the constraints on them that `required_providers` states.

use std::fmt;

/// Three numbers; what follows a dash is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub [u64; 3]);

impl Version {
    /// Reads `1.11.4`, `1.11` and `1`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        let plain = text.trim().trim_start_matches('v').split(['-', '+']).next()?;
        for (index, part) in plain.split('.').enumerate() {
            *numbers.get_mut(index)? = part.parse().ok()?;
        }
        Some(Self(numbers))
    }

    /// Whether a constraint such as `>= 5.100, < 7` permits this version. One that cannot be read permits none.
    pub fn satisfies(self, constraint: &str) -> bool {
        constraint
            .split(',')
            .all(|part| self.satisfies_one(part.trim()).unwrap_or(false))
    }

    fn satisfies_one(self, part: &str) -> Option<bool> {
        let number = part.trim_start_matches(['<', '>', '=', '!', '~']);
        let operator = part[..part.len() - number.len()].trim();
        let number = number.trim();
        let bound = Self::parse(number)?;
        Some(match operator {
            "" | "=" => self == bound,
            "!=" => self != bound,
            ">" => self > bound,
            ">=" => self >= bound,
            "<" => self < bound,
            "<=" => self <= bound,
            // Only the last number that is written may grow.
            "~>" => {
                let kept = number.split('.').count().saturating_sub(1).max(1);
                self >= bound && self.0[..kept] == bound.0[..kept]
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_those_of_terraform() {
        let fits = |version: &str, constraint: &str| Version::parse(version).unwrap().satisfies(constraint);
        assert!(fits("5.100.0", ">= 5.100, < 7.0"));
        assert!(!fits("7.0.0", ">= 5.100, < 7") && !fits("5.99.1", ">= 5.100"));
        assert!(fits("5.14.3", "~> 5.14") && fits("5.20.0", "~> 5.14") && !fits("6.0.0", "~> 5.14"));
        assert!(fits("5.14.3", "~> 5.14.1") && !fits("5.15.0", "~> 5.14.1"));
        assert!(fits("1.2.3", "1.2.3") && fits("1.2.3", "!= 1.2.4"));
        assert!(!fits("1.2.3", "around 1"));
    }
}
