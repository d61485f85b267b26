//! What a fingerprint of a schema is made of: every object with its class and its properties.

use serde::{Deserialize, Serialize};

/// Kinds of objects. What a difference weighs hangs on it: [`crate::schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectClass {
    /// The database itself: encoding and default collation.
    Database,
    Extension,
    EventTrigger,
    Schema,
    /// A collation somebody made.
    Collation,
    Type,
    Function,
    Sequence,
    Table,
    Column,
    Constraint,
    Index,
    /// A statistics object (`create statistics`), not the figures in it.
    Statistics,
    Trigger,
    Rule,
    Policy,
    View,
    MaterializedView,
    /// Who owns something: an object of its own, because owners differ by right where the rest may not.
    Owner,
    /// What one role may do with one object.
    Grants,
}

impl ObjectClass {
    /// Every class.
    pub const ALL: [Self; 20] = [
        Self::Database,
        Self::Extension,
        Self::EventTrigger,
        Self::Schema,
        Self::Collation,
        Self::Type,
        Self::Function,
        Self::Sequence,
        Self::Table,
        Self::Column,
        Self::Constraint,
        Self::Index,
        Self::Statistics,
        Self::Trigger,
        Self::Rule,
        Self::Policy,
        Self::View,
        Self::MaterializedView,
        Self::Owner,
        Self::Grants,
    ];

    /// The class as an object's name begins with it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Extension => "extension",
            Self::EventTrigger => "event trigger",
            Self::Schema => "schema",
            Self::Collation => "collation",
            Self::Type => "type",
            Self::Function => "function",
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::Column => "column",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Statistics => "statistics",
            Self::Trigger => "trigger",
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Owner => "owner",
            Self::Grants => "grants",
        }
    }

    /// The class of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }
}

/// One thing that is true of an object: `type` is `numeric(12,2)`. What has no value is true by being there: `not null`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Property {
    pub name: String,
    pub value: String,
}

impl Property {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// The property of an object that is one statement: an index, a view, a trigger. Texts leave its name out.
pub const STATEMENT: &str = "statement";
/// The property of a materialized view that holds no rows yet and cannot be read.
pub const NOT_POPULATED: &str = "not populated";

impl std::fmt::Display for Property {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.name.as_str(), self.value.as_str()) {
            (STATEMENT, value) => f.write_str(value),
            (name, "") => f.write_str(name),
            (name, value) => write!(f, "{name} {value}"),
        }
    }
}

/// One object's definition in a form that is equal on both sides, whatever their server versions, when the object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definition {
    /// Class and name: `table shop.orders`, `index orders_pkey on shop.orders`, …
    pub object: String,
    pub class: ObjectClass,
    /// The object this one goes with, as its `object` spells it: a column's table, an index's constraint.
    pub belongs_to: Option<String>,
    /// In the order they are shown in.
    pub properties: Vec<Property>,
}

impl Definition {
    /// The object of that class and name.
    pub fn new(class: ObjectClass, name: &str, properties: Vec<Property>) -> Self {
        let object = match name {
            "" => class.word().to_owned(),
            name => format!("{} {name}", class.word()),
        };
        Self {
            object,
            class,
            belongs_to: None,
            properties,
        }
    }

    /// The same object as a part of another one.
    #[must_use]
    pub fn part_of(mut self, whole: impl Into<String>) -> Self {
        self.belongs_to = Some(whole.into());
        self
    }

    /// The value of a property; what is true by being there has the empty one.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|property| property.name == name)
            .map(|property| property.value.as_str())
    }
}

impl std::fmt::Display for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, property) in self.properties.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{property}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_word() {
        for class in ObjectClass::ALL {
            assert_eq!(ObjectClass::from_word(class.word()), Some(class));
        }
        assert_eq!(ObjectClass::from_word("tablespace"), None);
    }

    #[test]
    fn a_definition_reads_as_a_list_of_what_is_true() {
        let column = Definition::new(
            ObjectClass::Column,
            "shop.orders.total",
            vec![
                Property::new("type", "numeric(12,2)"),
                Property::new("not null", ""),
            ],
        );
        assert_eq!(
            (column.object.as_str(), column.to_string().as_str()),
            ("column shop.orders.total", "type numeric(12,2), not null")
        );
        assert_eq!(
            (column.property("not null"), column.property("default")),
            (Some(""), None)
        );
        let index = Definition::new(
            ObjectClass::Index,
            "i on t",
            vec![Property::new(STATEMENT, "create index")],
        );
        assert_eq!(index.to_string(), "create index");
        assert_eq!(
            Definition::new(ObjectClass::Database, "", Vec::new()).object,
            "database"
        );
    }
}
