//! The elements of a schema's fingerprint: every object with its class and its properties.

use serde::{Deserialize, Serialize};

/// Kinds of objects. The severity of a difference depends on the kind: [`crate::schema`].
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectClass {
    /// The database itself: encoding and default collation.
    #[strum(serialize = "database")]
    Database,
    /// A setting of the database, or of a role in it.
    #[strum(serialize = "setting")]
    Setting,
    #[strum(serialize = "extension")]
    Extension,
    /// A language of functions.
    #[strum(serialize = "language")]
    Language,
    #[strum(serialize = "access method")]
    AccessMethod,
    #[strum(serialize = "event trigger")]
    EventTrigger,
    /// The changes that are given to subscribers.
    #[strum(serialize = "publication")]
    Publication,
    #[strum(serialize = "schema")]
    Schema,
    /// A user-defined collation.
    #[strum(serialize = "collation")]
    Collation,
    /// A conversion between encodings.
    #[strum(serialize = "conversion")]
    Conversion,
    #[strum(serialize = "type")]
    Type,
    #[strum(serialize = "cast")]
    Cast,
    #[strum(serialize = "transform")]
    Transform,
    #[strum(serialize = "function")]
    Function,
    #[strum(serialize = "operator")]
    Operator,
    #[strum(serialize = "operator family")]
    OperatorFamily,
    #[strum(serialize = "operator class")]
    OperatorClass,
    #[strum(serialize = "text search parser")]
    TextSearchParser,
    #[strum(serialize = "text search template")]
    TextSearchTemplate,
    #[strum(serialize = "text search dictionary")]
    TextSearchDictionary,
    #[strum(serialize = "text search configuration")]
    TextSearchConfiguration,
    #[strum(serialize = "foreign-data wrapper")]
    ForeignDataWrapper,
    /// A foreign server.
    #[strum(serialize = "server")]
    ForeignServer,
    /// What a role is on a foreign server.
    #[strum(serialize = "user mapping")]
    UserMapping,
    #[strum(serialize = "sequence")]
    Sequence,
    #[strum(serialize = "table")]
    Table,
    #[strum(serialize = "foreign table")]
    ForeignTable,
    #[strum(serialize = "column")]
    Column,
    #[strum(serialize = "constraint")]
    Constraint,
    #[strum(serialize = "index")]
    Index,
    /// A statistics object (`create statistics`), not the figures in it.
    #[strum(serialize = "statistics")]
    Statistics,
    #[strum(serialize = "trigger")]
    Trigger,
    #[strum(serialize = "rule")]
    Rule,
    #[strum(serialize = "policy")]
    Policy,
    #[strum(serialize = "view")]
    View,
    #[strum(serialize = "materialized view")]
    MaterializedView,
    /// The owner of an object, listed separately because owners may legitimately differ where the object may
    /// not.
    #[strum(serialize = "owner")]
    Owner,
    /// The rights of one role on one object.
    #[strum(serialize = "grants")]
    Grants,
    /// The rights that were taken from the owner of one object.
    #[strum(serialize = "revoked")]
    Revoked,
    /// The rights that objects get when a role creates them.
    #[strum(serialize = "default privileges")]
    DefaultPrivileges,
}

impl ObjectClass {
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word with which the names of such objects begin.
    pub fn word(self) -> &'static str {
        self.into()
    }

    pub fn from_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// One property of an object, for example `type` with the value `numeric(12,2)`. Some have no value: `not
/// null`.
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

/// The property of an object that is defined by one statement: an index, a view, a trigger. Texts omit this
/// name.
pub const STATEMENT: &str = "statement";
/// The property of a table with the names of its columns, in their order and in quotes where they need them, each after the first
/// with [`NEXT_COLUMN`] before it. A column that only one side has does not make it different.
pub const COLUMN_ORDER: &str = "column order";
pub const NEXT_COLUMN: &str = ", ";
/// The property of a materialized view that was never refreshed and cannot be read.
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

/// One object's definition, in a form that does not depend on the server version: equal objects have equal
/// definitions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definition {
    /// Class and name: `table shop.orders`, `index orders_pkey on shop.orders`, …
    pub object: String,
    pub class: ObjectClass,
    /// The `object` of the whole that this object is a part of: a column's table, an index's constraint.
    pub belongs_to: Option<String>,
    /// In display order.
    pub properties: Vec<Property>,
    /// A unique index.
    pub unique: bool,
}

impl Definition {
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
            unique: false,
        }
    }

    /// Makes the object a part of `whole`.
    #[must_use]
    pub fn part_of(mut self, whole: impl Into<String>) -> Self {
        self.belongs_to = Some(whole.into());
        self
    }

    /// Marks the index as unique.
    #[must_use]
    pub const fn that_is_unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// The value of a property; empty for a property without a value.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|property| property.name == name)
            .map(|property| property.value.as_str())
    }
}

impl std::fmt::Display for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The columns are objects of their own.
        let shown = self
            .properties
            .iter()
            .filter(|property| property.name != COLUMN_ORDER);
        for (place, property) in shown.enumerate() {
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
            assert_eq!(ObjectClass::from_word(class.word()), Some(*class));
        }
        assert_eq!(ObjectClass::from_word("tablespace"), None);
    }

    #[test]
    fn a_definition_is_shown_as_a_list_of_its_properties() {
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
