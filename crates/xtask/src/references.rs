//! Texts refer to files that exist: paths in the documents, and documents named in the sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// Folders with documents, besides the root itself.
const DOCUMENTS: &[&str] = &["docs"];
/// Folders with sources.
const SOURCES: &[&str] = &["crates", "edge-router", "lambdas", "statemachine", "tests"];
/// A text in backticks is a path if it starts with one of these.
const ROOTS: &[&str] = &[
    "crates/",
    "docs/",
    "edge-router/",
    "findings/",
    "lambdas/",
    "statemachine/",
    "tests/",
];

/// Fails with every reference to a missing file.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let root = &workspace.root;
    let mut missing = Vec::new();
    for file in documents(root)? {
        let text = read(&file)?;
        let folder = file.parent().unwrap_or(root);
        let linked = links(&text).filter(|link| !folder.join(link).exists());
        let named = paths(&text).filter(|path| !root.join(path).exists());
        missing.extend(linked.chain(named).map(|path| offence(root, &file, path)));
    }
    for folder in SOURCES {
        for file in files(&root.join(folder), &["rs", "sql", "json"])? {
            let text = read(&file)?;
            let exists = |name: &str| root.join(name).exists() || root.join("docs").join(name).exists();
            let gone = markdown_names(&text).filter(|name| !exists(name));
            missing.extend(gone.map(|name| offence(root, &file, name)));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort();
    bail!(
        "these texts refer to files that do not exist; correct the path or remove the reference:\n  {}",
        missing.join("\n  ")
    )
}

fn offence(root: &Path, file: &Path, path: &str) -> String {
    format!("{}: {path}", file.strip_prefix(root).unwrap_or(file).display())
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

fn documents(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).with_context(|| format!("reading {}", root.display()))? {
        found.push(entry?.path());
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    for folder in DOCUMENTS {
        found.extend(files(&root.join(folder), &["md"])?);
    }
    Ok(found)
}

/// Files with one of the endings, in the folder and below it. Downloaded packages and builds are left out.
fn files(folder: &Path, endings: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            if !["target", "node_modules"].contains(&name) {
                found.extend(files(&path, endings)?);
            }
        } else if path
            .extension()
            .and_then(|ending| ending.to_str())
            .is_some_and(|ending| endings.contains(&ending))
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// Targets of Markdown links to files, without the section.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|link| link.split('#').next())
        .filter(|link| !link.is_empty() && !link.contains("://"))
}

/// Texts in backticks that are paths from the root. Patterns and placeholders are left out.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|path| ROOTS.iter().any(|root| path.starts_with(root)))
        .filter(|path| !path.contains(['*', '<', '{', ' ', '…']))
}

/// Names of Markdown files.
fn markdown_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-./".contains(c)))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.strip_suffix(".md").is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_and_patterns_are_not() {
        let text = "see [a](docs/verify.md#part), [b](https://b.example/x) and `crates/core/src/plan.rs`, `docs/*.md`, `crates`";
        assert_eq!(links(text).collect::<Vec<_>>(), ["docs/verify.md"]);
        assert_eq!(paths(text).collect::<Vec<_>>(), ["crates/core/src/plan.rs"]);
        let comment = "/// as in docs/verify.md. See ARCHITECTURE.md, \"Invariants\"; `.md` files";
        assert_eq!(
            markdown_names(comment).collect::<Vec<_>>(),
            ["docs/verify.md", "ARCHITECTURE.md"]
        );
    }

    #[test]
    fn every_reference_of_this_checkout_leads_to_a_file() {
        check(&Workspace::find().unwrap()).unwrap();
    }
}
