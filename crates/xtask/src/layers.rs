//! The inner crates stay free of I/O: proven from what cargo resolves, not from what anybody remembers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{code_map, workspace::Workspace};

/// The crates that hold rules only.
const INNER: &[&str] = &["crossover-core", "crossover-routing"];

/// What they must not reach, however indirectly: by name, or by the start of the name where it ends in `-`.
const FORBIDDEN: &[&str] = &[
    "async-std",
    "aws-",
    "axum",
    "hyper",
    "lambda_runtime",
    "mysql_async",
    "postgres",
    "postgres-",
    "reqwest",
    "rustls",
    "smol",
    "tokio",
    "tokio-",
    "worker",
];

/// Fails with every dependency that the code map does not allow, and with every forbidden one and the way to it.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let metadata = workspace.graph()?;
    code_map::check(&workspace.root, &metadata)?;
    let graph = Graph::read(&metadata)?;
    let offences = INNER
        .iter()
        .map(|inner| graph.offences(inner))
        .collect::<anyhow::Result<Vec<_>>>()?
        .concat();
    if offences.is_empty() {
        return Ok(());
    }
    bail!(
        "{} must hold rules only, without I/O; move what needs these into an adapter crate:\n  {}",
        INNER.join(" and "),
        offences.join("\n  ")
    )
}

/// Packages by id, and whom each needs to be built into a program (build and test dependencies left out).
struct Graph {
    names: BTreeMap<String, String>,
    needs: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> anyhow::Result<Self> {
        let text = |value: &Value| {
            value
                .as_str()
                .map(str::to_owned)
                .context("cargo metadata lacks a name")
        };
        let list = |value: &Value| value.as_array().cloned().context("cargo metadata lacks a list");
        let mut names = BTreeMap::new();
        for package in list(&metadata["packages"])? {
            names.insert(text(&package["id"])?, text(&package["name"])?);
        }
        let mut needs = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"])? {
            let mut of_node = Vec::new();
            for dependency in list(&node["deps"])? {
                // The kind of an ordinary dependency is null.
                if list(&dependency["dep_kinds"])?
                    .iter()
                    .any(|kind| kind["kind"].is_null())
                {
                    of_node.push(text(&dependency["pkg"])?);
                }
            }
            needs.insert(text(&node["id"])?, of_node);
        }
        Ok(Self { names, needs })
    }

    /// The forbidden packages a package reaches, each as the way to it, sorted.
    fn offences(&self, package: &str) -> anyhow::Result<Vec<String>> {
        let (start, _) = self
            .names
            .iter()
            .find(|(_, name)| *name == package)
            .with_context(|| format!("the workspace has no package {package}"))?;
        let mut offences = BTreeSet::new();
        let mut seen = BTreeSet::from([start]);
        let mut ways = vec![(start, package.to_owned())];
        while let Some((id, way)) = ways.pop() {
            for next in self.needs.get(id).into_iter().flatten() {
                let Some(name) = self.names.get(next) else {
                    continue;
                };
                let way = format!("{way} -> {name}");
                if is_forbidden(name) {
                    offences.insert(way);
                } else if seen.insert(next) {
                    ways.push((next, way));
                }
            }
        }
        Ok(offences.into_iter().collect())
    }
}

fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.iter().any(|word| {
        if word.ends_with('-') {
            name.starts_with(word)
        } else {
            name == *word
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn graph(kind: &Value) -> Graph {
        let dep = |pkg: &str, kind: &Value| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] });
        Graph::read(&json!({
            "packages": [{ "id": "1", "name": "inner" }, { "id": "2", "name": "between" }, { "id": "3", "name": "aws-sdk-dms" }],
            "resolve": { "nodes": [
                { "id": "1", "deps": [dep("2", &Value::Null)] },
                { "id": "2", "deps": [dep("3", kind), dep("1", &Value::Null)] },
                { "id": "3", "deps": [] },
            ] },
        }))
        .unwrap()
    }

    #[test]
    fn a_forbidden_dependency_is_found_behind_another_and_the_way_is_told() {
        assert_eq!(
            graph(&Value::Null).offences("inner").unwrap(),
            ["inner -> between -> aws-sdk-dms"]
        );
    }

    #[test]
    fn what_only_tests_and_build_scripts_use_is_allowed() {
        for kind in ["dev", "build"] {
            assert!(graph(&json!(kind)).offences("inner").unwrap().is_empty());
        }
    }

    #[test]
    fn a_crate_that_is_gone_is_no_proof() {
        assert!(graph(&Value::Null).offences("outer").is_err());
    }

    #[test]
    fn names_are_compared_whole_unless_they_end_in_a_dash() {
        assert!(
            is_forbidden("tokio")
                && is_forbidden("tokio-postgres")
                && is_forbidden("aws-config")
                && is_forbidden("worker")
        );
        assert!(!is_forbidden("worker-bundle") && !is_forbidden("tokiox") && !is_forbidden("serde"));
    }
}
