//! JSON whose fields keep the order in which they were written: a state machine is read by people.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value; only objects differ from [`Value`].
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Json {
    Object(IndexMap<String, Json>),
    List(Vec<Json>),
    Plain(Value),
}

impl Json {
    /// An object of these fields.
    pub fn object<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Object(fields.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// A text; none for anything else.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Plain(value) => value.as_str(),
            Self::Object(_) | Self::List(_) => None,
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Plain(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Plain(text.into())
    }
}
