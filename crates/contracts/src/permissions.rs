//! What each stage may do in AWS: `terraform/modules/lambdas/permissions.json`, from which Terraform makes the roles.
//!
//! The file is also the source of the table in docs/security.md, and what rehearsals record is held against it.

pub mod recorded;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use anyhow::{Context, bail};
use indexmap::IndexMap;
use serde::Deserialize;

use crate::generated::Generated;

/// The file, from the root of the checkout.
pub const FILE: &str = "terraform/modules/lambdas/permissions.json";
const DOCUMENT: &str = "docs/security.md";
const BEGIN: &str =
    "<!-- Generated from terraform/modules/lambdas/permissions.json by `cargo xtask docs`: begin -->\n";
const END: &str = "<!-- Generated: end -->\n";

/// The resources of the file in the words of the document. `permissions.tf` resolves the same names.
const RESOURCES: [(&str, &str); 9] = [
    ("any", "all"),
    ("secrets", "the environment's secrets"),
    ("secrets_key", "key of the secrets"),
    ("journal", "journal"),
    ("tasks", "tasks"),
    ("new_tasks", "tasks, endpoints, instances"),
    ("endpoints", "endpoints"),
    ("notices", "topic of notices"),
    ("notices_key", "key of the topic"),
];

/// The rights of all stages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Permissions {
    /// What each stage may do beside its own.
    every_stage: Vec<Statement>,
    stages: IndexMap<String, Vec<Statement>>,
}

/// Actions on one kind of resources.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    actions: Vec<String>,
    /// A name of `RESOURCES`.
    resources: String,
    why: String,
}

impl Permissions {
    /// Those of a checkout.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let path = root.join(FILE);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    /// The stages, in the order of the file.
    pub fn stages(&self) -> impl Iterator<Item = &str> {
        self.stages.keys().map(String::as_str)
    }

    /// The actions of a stage's role; `None` if there is no such stage.
    pub fn of(&self, stage: &str) -> Option<BTreeSet<&str>> {
        let own = self.stages.get(stage)?;
        let statements = self.every_stage.iter().chain(own);
        Some(
            statements
                .flat_map(|statement| statement.actions.iter().map(String::as_str))
                .collect(),
        )
    }

    /// The table of docs/security.md.
    fn table(&self) -> anyhow::Result<String> {
        let mut table = "| stage | actions | resources | why |\n|---|---|---|---|\n".to_owned();
        let own = self.stages.iter().map(|(stage, own)| (stage.as_str(), own));
        for (stage, statements) in [("every stage", &self.every_stage)].into_iter().chain(own) {
            if statements.is_empty() {
                writeln!(
                    table,
                    "| {stage} | - | - | nothing beside the above: databases and lane only |"
                )?;
            }
            for (index, statement) in statements.iter().enumerate() {
                let stage = if index == 0 {
                    format!(" {stage}")
                } else {
                    String::new()
                };
                let actions: Vec<String> = statement
                    .actions
                    .iter()
                    .map(|action| format!("`{action}`"))
                    .collect();
                let (actions, resources) = (actions.join(", "), shown(&statement.resources)?);
                writeln!(table, "|{stage} | {actions} | {resources} | {} |", statement.why)?;
            }
        }
        Ok(table)
    }
}

fn shown(resources: &str) -> anyhow::Result<&'static str> {
    let known = RESOURCES.iter().find(|(name, _)| *name == resources);
    known.map(|(_, words)| *words).with_context(|| {
        format!("{FILE} names the resources {resources:?}: add their words to RESOURCES in crates/contracts/src/permissions.rs")
    })
}

/// docs/security.md with the table of now.
pub fn generated(root: &Path) -> anyhow::Result<Vec<Generated>> {
    let path = root.join(DOCUMENT);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let content = with_table(&text, &Permissions::read(root)?.table()?)?;
    Ok(vec![Generated { path, content }])
}

fn with_table(text: &str, table: &str) -> anyhow::Result<String> {
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        bail!("{DOCUMENT} has no place for the table: it stands between the lines\n{BEGIN}{END}");
    };
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(text: &str) -> Permissions {
        serde_json::from_str(text).unwrap()
    }

    const SMALL: &str = r#"{
        "every-stage": [{ "actions": ["a:One"], "resources": "journal", "why": "first" }],
        "stages": {
            "wait": [
                { "actions": ["b:Two", "b:Three"], "resources": "any", "why": "second" },
                { "actions": ["b:Four"], "resources": "tasks", "why": "third" }
            ],
            "idle": []
        }
    }"#;

    #[test]
    fn a_stage_may_do_its_own_and_what_every_stage_may() {
        let permissions = permissions(SMALL);
        assert_eq!(
            permissions.of("wait").unwrap(),
            BTreeSet::from(["a:One", "b:Two", "b:Three", "b:Four"])
        );
        assert_eq!(permissions.of("idle").unwrap(), BTreeSet::from(["a:One"]));
        assert_eq!(permissions.of("none"), None);
    }

    #[test]
    fn the_table_has_a_row_for_each_statement_and_one_for_a_stage_without() {
        let table = permissions(SMALL).table().unwrap();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| every stage | `a:One` | journal | first |",
                "| wait | `b:Two`, `b:Three` | all | second |",
                "| | `b:Four` | tasks | third |",
                "| idle | - | - | nothing beside the above: databases and lane only |",
            ]
        );
        let unknown = permissions(&SMALL.replace("\"tasks\"", "\"buckets\""))
            .table()
            .unwrap_err();
        assert!(unknown.to_string().contains("\"buckets\""), "{unknown}");
    }

    #[test]
    fn only_the_table_of_the_document_is_replaced() {
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        assert_eq!(
            with_table(&text, "new\n").unwrap(),
            format!("before\n{BEGIN}new\n{END}after\n")
        );
        assert!(with_table("no place\n", "new\n").is_err());
    }
}
