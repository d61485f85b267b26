//! The real checkov, over files with and without a fault, and with every kind of suppression.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fs;

use crossover_stand::parts::{Set, ensure};
use crossover_stand::{Silent, postgres::workspace_root};
use crossover_terraform_check::checkov::{LIST, Outcome, check};
use crossover_terraform_check::finding::Findings;
use crossover_terraform_check::source::modules;

const TOPIC: &str = "resource \"aws_sns_topic\" \"notices\" {\n  name = \"notices\"\n}\n";

/// Checks a folder with these files.
async fn checked(files: &[(&str, &str)]) -> Outcome {
    let parts = ensure(&workspace_root(), Set::Checkov, &Silent).await.unwrap();
    let (root, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = root.path().join("terraform");
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let modules = modules(root.path(), &folder, &mut Findings::default()).unwrap();
    check(&parts.checkov(), &folder, &modules, scratch.path()).unwrap()
}

#[tokio::test]
async fn faults_are_found_where_they_are_once_however_often_the_module_is_called() {
    let call =
        "module \"a\" {\n  source = \"../modules/a\"\n}\n\nmodule \"b\" {\n  source = \"../modules/a\"\n}\n";
    let outcome = checked(&[("modules/a/main.tf", TOPIC), ("live/main.tf", call)]).await;
    assert_eq!(outcome.missed, Vec::<String>::new());
    let found: Vec<String> = outcome.findings.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("terraform/modules/a/main.tf:1: aws_sns_topic.notices: ")
            && found[0].ends_with("(CKV_AWS_26) [checkov]"),
        "{found:#?}"
    );
}

#[tokio::test]
async fn a_file_that_checkov_cannot_read_is_a_finding() {
    // Terraform takes a heredoc of one letter, checkov 3.3 does not.
    let text = "variable \"a\" {\n  description = <<-T\n    A\n  T\n}\n";
    let outcome = checked(&[("a.tf", text)]).await;
    let found: Vec<String> = outcome.findings.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("terraform/a.tf:1: checkov cannot read this file"),
        "{found:#?}"
    );
}

#[tokio::test]
async fn a_suppression_counts_with_a_reason_and_only_while_there_is_something_to_suppress() {
    let with = |comment: &str| TOPIC.replace("  name", &format!("  {comment}\n  name"));
    let good = with("#checkov:skip=CKV_AWS_26:the notices name no secret");
    let bare = with("#checkov:skip=CKV_AWS_26");
    let stale =
        with("#checkov:skip=CKV_AWS_27:the notices name no secret").replace("notices\" {", "others\" {");
    let list =
        "skip-check:\n  - CKV_AWS_26 # the notices name no secret\n  - CKV_AWS_28 # there is no such table\n";
    let outcome = checked(&[("good.tf", &good)]).await;
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
    assert_eq!(outcome.suppressed, 1);

    let outcome = checked(&[("bare.tf", &bare), ("stale.tf", &stale)]).await;
    let found: BTreeSet<(String, usize)> = outcome
        .findings
        .iter()
        .map(|finding| (finding.file.display().to_string(), finding.line))
        .collect();
    let expected = [
        ("terraform/bare.tf", 2),
        ("terraform/stale.tf", 1),
        ("terraform/stale.tf", 2),
    ];
    assert_eq!(found, expected.map(|(file, line)| (file.to_owned(), line)).into());

    let outcome = checked(&[("main.tf", TOPIC), (LIST, list)]).await;
    let found: Vec<String> = outcome.findings.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("terraform/.checkov.yaml:3: CKV_AWS_28 has nothing left to find"),
        "{found:#?}"
    );
}
