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
