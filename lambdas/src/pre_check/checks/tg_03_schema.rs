use async_trait::async_trait;
use crossover_core::{
    catalogue::{Definition, ObjectClass},
    finding::Finding,
    schema::{DifferenceKind, Remedies, Severity, compare},
};

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// A difference in the schema would lose or refuse rows after the commit.
pub struct Schema;

/// Whether differences of this class can block a cutover. A correct target may have other extension versions,
/// owners and locales, and additional objects; a managed server allows fewer languages and wrappers.
const fn is_judged(class: ObjectClass) -> bool {
    match class {
        ObjectClass::Type
        | ObjectClass::Function
        | ObjectClass::Sequence
        | ObjectClass::Table
        | ObjectClass::Column
        | ObjectClass::Constraint
        | ObjectClass::Index
        | ObjectClass::Trigger
        | ObjectClass::Rule
        | ObjectClass::Policy
        | ObjectClass::View
        | ObjectClass::MaterializedView
        | ObjectClass::ForeignTable
        | ObjectClass::Conversion
        | ObjectClass::Cast
        | ObjectClass::Operator
        | ObjectClass::OperatorFamily
        | ObjectClass::OperatorClass
        | ObjectClass::TextSearchParser
        | ObjectClass::TextSearchTemplate
        | ObjectClass::TextSearchDictionary
        | ObjectClass::TextSearchConfiguration
        | ObjectClass::Setting
        | ObjectClass::Grants
        | ObjectClass::Revoked => true,
        ObjectClass::Database
        | ObjectClass::Extension
        | ObjectClass::EventTrigger
        | ObjectClass::Schema
        | ObjectClass::Collation
        | ObjectClass::Statistics
        | ObjectClass::Language
        | ObjectClass::AccessMethod
        | ObjectClass::Transform
        | ObjectClass::ForeignDataWrapper
        | ObjectClass::ForeignServer
        | ObjectClass::UserMapping
        | ObjectClass::Publication
        | ObjectClass::DefaultPrivileges
        | ObjectClass::Owner => false,
    }
}

fn judge(
    check: &Schema,
    mut source: Vec<Definition>,
    mut target: Vec<Definition>,
    target_engine: &dyn Remedies,
) -> Vec<Finding> {
    source.retain(|definition| is_judged(definition.class));
    target.retain(|definition| is_judged(definition.class));
    compare(&source, &target, target_engine)
        .into_iter()
        .filter(|d| d.severity == Severity::Error && d.kind != DifferenceKind::ExtraOnTarget)
        .map(|d| {
            let prefix = format!("{}: ", d.object);
            let message = d.detail.strip_prefix(&prefix).unwrap_or(&d.detail);
            check.finds(&d.object, message.to_owned(), &d.remedy)
        })
        .collect()
}

#[async_trait]
impl Check for Schema {
    fn id(&self) -> &'static str {
        "TG03"
    }
    fn looks_at(&self) -> &'static str {
        "the two schemas are equal"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "A difference between the schemas would lose or refuse rows after the commit."
    }
    fn remedy(&self) -> &'static str {
        "Change the target's definition to match the source; each finding names one object."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let scope = ctx.scope;
        let (source, target) = futures::try_join!(
            ctx.old_writer.reads.fingerprint(scope),
            ctx.new_writer.reads.fingerprint(scope)
        )?;
        Ok(judge(self, source, target, ctx.new_writer.reads))
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::{
        catalogue::{NOT_POPULATED, Property},
        schema::Remedy,
    };

    use super::*;

    struct Engine;

    impl Remedies for Engine {
        fn remedy(&self, remedy: &Remedy) -> String {
            match remedy {
                Remedy::Create(_) => "create it".to_owned(),
                Remedy::Populate => "fill it".to_owned(),
                _ => "make it equal".to_owned(),
            }
        }
    }

    fn definition(class: ObjectClass, name: &str, property: &str, value: &str) -> Definition {
        Definition::new(class, name, vec![Property::new(property, value)])
    }

    fn judged(source: &[Definition], target: &[Definition]) -> Vec<String> {
        let findings = judge(&Schema, source.to_vec(), target.to_vec(), &Engine);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_difference_that_loses_or_refuses_rows_blocks_and_names_the_object() {
        let source = [
            definition(ObjectClass::Column, "shop.t.a", "type", "numeric(12,2)"),
            definition(ObjectClass::Table, "shop.t", "unlogged", ""),
        ];
        let target = [definition(
            ObjectClass::Column,
            "shop.t.a",
            "type",
            "numeric(10,2)",
        )];
        assert_eq!(
            judged(&source, &target),
            [
                "TG03 column shop.t.a: type numeric(12,2) on the source, numeric(10,2) on the target; make it equal",
                "TG03 table shop.t: missing on the target: unlogged; create it",
            ]
        );
    }

    #[test]
    fn a_legitimate_difference_of_another_major_version_or_provider_does_not_block() {
        let source = [
            definition(ObjectClass::Extension, "pgcrypto", "version", "1.3"),
            definition(ObjectClass::Extension, "pg_stat_statements", "version", "1.10"),
            definition(ObjectClass::Database, "", "collate", "C"),
            definition(ObjectClass::Owner, "of table shop.t", "role", "app"),
            definition(ObjectClass::MaterializedView, "shop.m", "statement", "SELECT 1"),
        ];
        let target = [
            definition(ObjectClass::Extension, "pgcrypto", "version", "1.4"),
            definition(ObjectClass::Database, "", "collate", "en_US.UTF-8"),
            definition(ObjectClass::Owner, "of table shop.t", "role", "postgres"),
            definition(ObjectClass::Table, "public.awsdms_status", "unlogged", ""),
            definition(
                ObjectClass::Constraint,
                "shop.t.more",
                "statement",
                "CHECK (true)",
            ),
            source[4].clone(),
        ];
        assert_eq!(judged(&source, &target), Vec::<String>::new());
    }

    #[test]
    fn a_materialized_view_that_cannot_be_read_on_the_target_blocks() {
        let source = [definition(
            ObjectClass::MaterializedView,
            "shop.m",
            "statement",
            "SELECT 1",
        )];
        let mut target = source.clone();
        target[0].properties.push(Property::new(NOT_POPULATED, ""));
        assert_eq!(
            judged(&source, &target),
            ["TG03 materialized view shop.m: not populated only on the target; fill it"]
        );
        assert_eq!(judged(&target, &source), Vec::<String>::new());
        assert_eq!(judged(&target, &target), Vec::<String>::new());
    }
}
