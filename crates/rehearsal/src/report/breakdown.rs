//! The parts of the pause, named and in order; a JSON object in the report.

use crossover_core::FractionalMillis;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Named parts, in an order that a map type would lose.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Breakdown(pub Vec<(String, FractionalMillis)>);

impl Breakdown {
    /// The sum of all parts.
    pub fn total(&self) -> FractionalMillis {
        self.0.iter().map(|(_, length)| *length).sum()
    }

    /// The share of each part in a span of time, for parts that follow one another from `begins` on. What the span has
    /// before and after them are parts of their own.
    #[must_use]
    pub fn within(&self, begins: FractionalMillis, from: FractionalMillis, to: FractionalMillis) -> Self {
        let mut at = begins.0;
        let before = ("before the hold".to_owned(), begins.0.min(to.0) - from.0);
        let parts = self.0.iter().map(|(name, length)| {
            let (start, end) = (at, at + length.0);
            at = end;
            (name.clone(), end.min(to.0) - start.max(from.0))
        });
        let parts: Vec<(String, f64)> = std::iter::once(before).chain(parts).collect();
        let after = ("after the last held write".to_owned(), to.0 - at.max(from.0));
        let parts = parts.into_iter().chain([after]);
        let shared = parts.filter(|(_, length)| *length > 0.0);
        shared
            .map(|(name, length)| (name, FractionalMillis(length)))
            .collect()
    }
}

impl<N: Into<String>> FromIterator<(N, FractionalMillis)> for Breakdown {
    fn from_iter<T: IntoIterator<Item = (N, FractionalMillis)>>(parts: T) -> Self {
        Self(
            parts
                .into_iter()
                .map(|(name, length)| (name.into(), length))
                .collect(),
        )
    }
}

impl Serialize for Breakdown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, length) in &self.0 {
            map.serialize_entry(name, length)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Breakdown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Breakdown;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object of milliseconds by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Breakdown, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = map.next_entry()? {
                    parts.push(part);
                }
                Ok(Breakdown(parts))
            }
        }
        deserializer.deserialize_map(Parts)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Breakdown {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Breakdown".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "additionalProperties": { "type": "number" } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_share_of_each_part_and_the_shares_add_up_to_it() {
        let parts: Breakdown = [("drain", 40.0), ("sync", 30.0), ("answers", 50.0)]
            .map(|(name, length)| (name, FractionalMillis(length)))
            .into_iter()
            .collect();
        let within = |from: f64, to: f64| {
            parts.within(
                FractionalMillis(1_000.0),
                FractionalMillis(from),
                FractionalMillis(to),
            )
        };
        let shown = |breakdown: &Breakdown| -> Vec<(String, f64)> {
            breakdown
                .0
                .iter()
                .map(|(name, length)| (name.clone(), length.0))
                .collect()
        };
        let named = |parts: &[(&str, f64)]| -> Vec<(String, f64)> {
            parts
                .iter()
                .map(|(name, length)| ((*name).to_owned(), *length))
                .collect()
        };
        assert_eq!(
            shown(&within(1_030.0, 1_100.0)),
            named(&[("drain", 10.0), ("sync", 30.0), ("answers", 30.0)])
        );
        assert_eq!(
            shown(&within(995.0, 1_010.0)),
            named(&[("before the hold", 5.0), ("drain", 10.0)])
        );
        assert_eq!(within(1_000.0, 1_120.0), parts);
        assert_eq!(
            shown(&within(1_100.0, 1_145.0)),
            named(&[("answers", 20.0), ("after the last held write", 25.0)])
        );
        assert_eq!(shown(&within(900.0, 950.0)), named(&[("before the hold", 50.0)]));
    }
}
