//! The table "Code map" of ARCHITECTURE.md: the permitted dependencies between the crates of the workspace.
//! Other dependencies are refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

const HEADING: &str = "## Code map";
/// The cell of a crate that may use every crate.
const EVERYTHING: &str = "everything";
/// The cell of a crate that may use no other crate.
const NOTHING: &str = "-";

/// One row of the table.
struct Row {
    /// The folder, or `folder/<any>` for all crates without a row of their own.
    place: String,
    may_use: Vec<String>,
}

/// A crate of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    name: String,
    /// Its folder, relative to the workspace's root.
    place: String,
    /// Names of the packages it is built with; dependencies of tests are left out.
    needs: BTreeSet<String>,
}

/// Fails with every crate without a row, every row without a crate, and every dependency that no row permits.
pub fn check(root: &Path, metadata: &Value) -> anyhow::Result<()> {
    let file = root.join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let rows = rows(&text)?;
    let offences = offences(&rows, &packages(metadata)?, |place| root.join(place).is_dir());
    if offences.is_empty() {
        return Ok(());
    }
    bail!(
        "the table \"Code map\" of ARCHITECTURE.md and the crates do not agree; take the dependency out, or change the table on \
         purpose:\n  {}",
        offences.join("\n  ")
    )
}

fn rows(text: &str) -> anyhow::Result<Vec<Row>> {
    let (_, section) = text
        .split_once(HEADING)
        .with_context(|| format!("ARCHITECTURE.md has no heading \"{HEADING}\""))?;
    let lines = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let rows = lines.skip(2).map(row).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(
        !rows.is_empty(),
        "ARCHITECTURE.md has no table below \"{HEADING}\""
    );
    Ok(rows)
}

fn row(line: &str) -> anyhow::Result<Row> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [place, _, may_use] = cells[..] else {
        bail!("a row of the table \"Code map\" has not three cells: {line}");
    };
    let plain = |text: &str| text.trim().trim_matches('`').to_owned();
    Ok(Row {
        place: plain(place),
        may_use: may_use
            .split(',')
            .map(plain)
            .filter(|word| word != NOTHING)
            .collect(),
    })
}

fn packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let root = text(&metadata["workspace_root"])?;
    let members: BTreeSet<String> = list(&metadata["workspace_members"])?
        .iter()
        .map(text)
        .collect::<anyhow::Result<_>>()?;
    let mut packages = Vec::new();
    for package in list(&metadata["packages"])? {
        if !members.contains(&text(&package["id"])?) {
            continue;
        }
        let manifest = text(&package["manifest_path"])?;
        let folder = Path::new(&manifest)
            .parent()
            .context("a manifest without a folder")?;
        let place = folder
            .strip_prefix(&root)
            .context("a crate outside the workspace")?;
        let mut needs = BTreeSet::new();
        for dependency in list(&package["dependencies"])? {
            if dependency["kind"] != "dev" {
                needs.insert(text(&dependency["name"])?);
            }
        }
        packages.push(Package {
            name: text(&package["name"])?,
            place: place.display().to_string(),
            needs,
        });
    }
    Ok(packages)
}

fn text(value: &Value) -> anyhow::Result<String> {
    value
        .as_str()
        .map(str::to_owned)
        .context("cargo metadata lacks a text")
}

fn list(value: &Value) -> anyhow::Result<&Vec<Value>> {
    value.as_array().context("cargo metadata lacks a list")
}

/// All differences between the table and the crates, sorted.
fn offences(rows: &[Row], packages: &[Package], is_folder: impl Fn(&str) -> bool) -> Vec<String> {
    let mut offences = BTreeSet::new();
    let places: BTreeMap<&str, &str> = packages
        .iter()
        .map(|package| (package.name.as_str(), package.place.as_str()))
        .collect();
    for package in packages {
        let Some(row) = row_of(rows, &package.place) else {
            offences.insert(format!("{} has no row", package.place));
            continue;
        };
        let ours = package.needs.iter().filter_map(|name| places.get(name.as_str()));
        for used in ours.filter(|used| !allows(row, used)) {
            offences.insert(format!("{} uses {used}", package.place));
        }
    }
    for row in rows {
        let crates = places.values().any(|place| matches(&row.place, place));
        if !crates && !is_folder(&row.place) {
            offences.insert(format!("{} has a row, but does not exist", row.place));
        }
        for word in row.may_use.iter().filter(|word| *word != EVERYTHING) {
            if !places.values().any(|place| is_named(word, place)) {
                offences.insert(format!(
                    "{} may use {word}, which is not a crate of the workspace",
                    row.place
                ));
            }
        }
    }
    offences.into_iter().collect()
}

/// The crate's own row, or else the row for all crates of its folder.
fn row_of<'a>(rows: &'a [Row], place: &str) -> Option<&'a Row> {
    let own = rows.iter().find(|row| row.place == place);
    own.or_else(|| rows.iter().find(|row| matches(&row.place, place)))
}

fn allows(row: &Row, used: &str) -> bool {
    row.may_use
        .iter()
        .any(|word| word == EVERYTHING || is_named(word, used))
}

/// A word matches a crate by its folder, by the folder's last part, or as the pattern of all crates in a
/// folder.
fn is_named(word: &str, place: &str) -> bool {
    matches(word, place) || place.rsplit('/').next() == Some(word)
}

/// `lambdas/<stage>` matches every crate directly below `lambdas`.
fn matches(pattern: &str, place: &str) -> bool {
    match (pattern.split_once("/<"), place.split_once('/')) {
        (Some((folder, rest)), Some((parent, name))) => {
            rest.ends_with('>') && folder == parent && !name.contains('/')
        }
        _ => pattern == place,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &str = "# A\n\n## Code map\n\n| where | what | may use |\n|---|---|---|\n\
        | `crates/core` | rules | - |\n\
        | `crates/verify` | compares | core |\n\
        | `lambdas/<stage>` | stages | core |\n\
        | `lambdas/validate` | a stage | core, verify |\n\
        | `lambdas/bootstrap` | all | `lambdas/<stage>` |\n\
        | `docs` | texts | - |\n\
        | `tests` | all | everything |\n\nText.\n";

    fn package(place: &str, needs: &[&str]) -> Package {
        let name = |place: &str| place.rsplit('/').next().unwrap_or_default().to_owned();
        Package {
            name: name(place),
            place: place.to_owned(),
            needs: needs.iter().map(|place| name(place)).collect(),
        }
    }

    fn fine() -> Vec<Package> {
        vec![
            package("crates/core", &["serde"]),
            package("crates/verify", &["core", "ring"]),
            package("lambdas/drain", &["core"]),
            package("lambdas/validate", &["core", "verify"]),
            package("lambdas/bootstrap", &["drain", "validate"]),
            package("tests", &["verify", "drain"]),
        ]
    }

    fn found(packages: &[Package]) -> Vec<String> {
        offences(&rows(TABLE).unwrap(), packages, |place| place == "docs")
    }

    #[test]
    fn a_permitted_dependency_passes() {
        assert_eq!(found(&fine()), Vec::<String>::new());
    }

    #[test]
    fn a_dependency_that_the_table_does_not_permit_is_named() {
        let mut packages = fine();
        packages[0].needs.insert("verify".to_owned());
        packages[2].needs.insert("verify".to_owned());
        assert_eq!(
            found(&packages),
            [
                "crates/core uses crates/verify",
                "lambdas/drain uses crates/verify"
            ]
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_named() {
        let mut packages = fine();
        packages.push(package("crates/new", &[]));
        packages.retain(|package| package.name != "verify");
        assert_eq!(
            found(&packages),
            [
                "crates/new has no row",
                "crates/verify has a row, but does not exist",
                "lambdas/validate may use verify, which is not a crate of the workspace"
            ]
        );
    }

    #[test]
    fn a_text_without_the_table_is_an_error() {
        assert!(rows("# A\n").is_err());
        assert!(rows("## Code map\n\nnothing\n").is_err());
        assert!(rows("## Code map\n\n| a | b |\n|---|---|\n| c | d |\n").is_err());
    }

    #[test]
    fn dependencies_of_tests_are_not_restricted() {
        let dependency = |kind: Value, name: &str| json!({ "name": name, "kind": kind });
        let metadata = json!({
            "workspace_root": "/w",
            "workspace_members": ["1"],
            "packages": [
                { "id": "1", "name": "a", "manifest_path": "/w/crates/a/Cargo.toml", "dependencies": [
                    dependency(Value::Null, "b"), dependency(json!("dev"), "c"), dependency(json!("build"), "d"),
                ] },
                { "id": "2", "name": "serde", "manifest_path": "/r/serde/Cargo.toml", "dependencies": [] },
            ],
        });
        let expected = Package {
            name: "a".to_owned(),
            place: "crates/a".to_owned(),
            needs: ["b", "d"].map(str::to_owned).into(),
        };
        assert_eq!(packages(&metadata).unwrap(), [expected]);
    }
}
