//! Proves that the inner crates are free of I/O, from the dependencies that cargo resolves.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{code_map, references, words, workspace::Workspace};

/// The crates that contain only rules.
const INNER: &[&str] = &["crossover-core", "crossover-routing"];

/// Packages that the inner crates must not depend on, directly or indirectly: the exact name, or a prefix
/// that ends in `-`.
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

/// Fails with every dependency that the code map does not permit, and with every forbidden one and the path
/// to it.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    words::check(workspace)?;
    references::check(workspace)?;
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
        "{} must contain only rules, without I/O; move the code that needs these packages into an adapter crate:\n  {}",
        INNER.join(" and "),
        offences.join("\n  ")
    )
}

/// Packages by id, and the packages each is built with (build and test dependencies left out).
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

    /// The forbidden packages that a package depends on, each as the path to it, sorted.
    fn offences(&self, package: &str) -> anyhow::Result<Vec<String>> {
        let (start, _) = self
            .names
            .iter()
            .find(|(_, name)| *name == package)
            .with_context(|| format!("the workspace has no package {package}"))?;
        let mut offences = BTreeSet::new();
        let mut seen = BTreeSet::from([start]);
        let mut paths = vec![(start, package.to_owned())];
        while let Some((id, path)) = paths.pop() {
            for next in self.needs.get(id).into_iter().flatten() {
                let Some(name) = self.names.get(next) else {
                    continue;
                };
                let path = format!("{path} -> {name}");
                if is_forbidden(name) {
                    offences.insert(path);
                } else if seen.insert(next) {
                    paths.push((next, path));
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
    fn an_indirect_forbidden_dependency_is_found_and_its_path_reported() {
        assert_eq!(
            graph(&Value::Null).offences("inner").unwrap(),
            ["inner -> between -> aws-sdk-dms"]
        );
    }

    #[test]
    fn dependencies_of_tests_and_build_scripts_are_permitted() {
        for kind in ["dev", "build"] {
            assert!(graph(&json!(kind)).offences("inner").unwrap().is_empty());
        }
    }

    #[test]
    fn a_missing_crate_is_an_error() {
        assert!(graph(&Value::Null).offences("outer").is_err());
    }

    #[test]
    fn names_are_compared_completely_unless_they_end_in_a_dash() {
        assert!(
            is_forbidden("tokio")
                && is_forbidden("tokio-postgres")
                && is_forbidden("aws-config")
                && is_forbidden("worker")
        );
        assert!(!is_forbidden("worker-bundle") && !is_forbidden("tokiox") && !is_forbidden("serde"));
    }
}
