//! The real linters, each with a fault of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crossover_file_check::{Finding, Findings};
use crossover_stand::parts::{Set, ensure};
use crossover_stand::{Silent, postgres::workspace_root};
use crossover_workflow_check::tools;
use crossover_workflow_check::workflow::{FOLDER, workflows};

/// Without a fault for any of them.
const GOOD: &str = "name: A
on:
  push:
permissions:
  contents: read
concurrency:
  group: a
  cancel-in-progress: false
jobs:
  a:
    name: A
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - name: Say it
        run: |
          word=$GITHUB_REF_NAME
          echo \"$word\"
";

async fn lint(text: &str) -> anyhow::Result<Vec<Finding>> {
    let parts = ensure(&workspace_root(), Set::Workflows, &Silent).await?;
    let root = tempfile::tempdir()?;
    fs::create_dir_all(root.path().join(FOLDER))?;
    fs::write(root.path().join(FOLDER).join("a.yml"), text)?;
    let mut findings = Findings::default();
    let found = workflows(root.path(), &mut findings)?;
    tools::check(&parts, root.path(), &found, &mut findings)?;
    Ok(findings.sorted())
}

#[tokio::test]
async fn each_linter_finds_its_fault_at_its_line_and_nothing_in_a_good_workflow() {
    let good = lint(GOOD).await.unwrap();
    assert!(good.is_empty(), "{good:?}");
    for (linter, from, to, line) in [
        ("actionlint", "runs-on: ubuntu-24.04", "runs-on: ubuntu-1.04", 12),
        ("zizmor", "  push:\n", "  pull_request_target:\n", 3),
        ("shellcheck", "echo \"$word\"", "echo $word", 18),
    ] {
        assert_eq!(GOOD.matches(from).count(), 1, "{from}");
        let found = lint(&GOOD.replace(from, to)).await.unwrap();
        let linters: BTreeSet<&str> = found.iter().map(|finding| finding.rule).collect();
        assert_eq!(linters, BTreeSet::from([linter]), "{found:?}");
        assert!(
            found
                .iter()
                .any(|finding| { finding.line == line && finding.file == Path::new(FOLDER).join("a.yml") }),
            "{found:?}"
        );
    }
}
