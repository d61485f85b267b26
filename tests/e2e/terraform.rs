//! A rehearsal on what Terraform has created in the local AWS.

use std::{collections::BTreeMap, fs, process::Command};

use crossover_core::StageName;
use crossover_rehearsal::{
    RehearsalOptions,
    environment::find_terraform,
    report::{Creator, Outcome, Report},
};
use crossover_stages::registry;
use serde_json::Value;

use crate::{
    command::program,
    setup::{alone, assert_no_client_noticed, folder, held, small, summary},
};

/// Without Terraform nothing can be shown here; in CI that is a failure.
fn terraform_is_installed() -> bool {
    let found = find_terraform();
    if let Err(why) = &found {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("SKIPPED: {why}");
    }
    found.is_ok()
}

/// The number of resources by type, of one creator.
fn created(report: &Report, by: Creator) -> BTreeMap<&str, usize> {
    let rows = report.resources.iter().filter(|row| row.created_by == by);
    rows.map(|row| (row.kind.as_str(), row.count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_terraform_has_created_is_cut_over_and_rolled_back() {
    if !terraform_is_installed() {
        return;
    }
    let _alone = alone().await;
    let options = RehearsalOptions {
        terraform: true,
        rollback: true,
        calls: None,
        ..small("terraform")
    };
    let report = held(&options).await;
    assert_eq!(report.outcome, Outcome::RolledBack, "{}", summary(&report));
    assert!(report.passed(), "{}", summary(&report));
    assert_no_client_noticed(&report);

    let stages: Vec<StageName> = registry().names();
    let (terraform, own) = (
        created(&report, Creator::Terraform),
        created(&report, Creator::Rehearsal),
    );
    for (kind, count) in [
        ("aws_lambda_function", stages.len()),
        ("aws_sfn_state_machine", 3),
        ("aws_secretsmanager_secret", 5),
        ("aws_dynamodb_table", 1),
        ("aws_dms_replication_task", 3),
    ] {
        assert_eq!(terraform.get(kind), Some(&count), "{kind} in {terraform:?}");
    }
    assert!(terraform["aws_cloudwatch_metric_alarm"] > 0 && terraform["aws_iam_role"] >= stages.len());
    assert!(own.keys().all(|kind| !kind.starts_with("aws_")), "{own:?}");

    // Values of secrets went through Terraform and stayed nowhere.
    let work = options
        .out
        .join("work/terraform/checkout/terraform/environments/dev");
    let state = fs::read_to_string(work.join("terraform.tfstate")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    let versions: Vec<&Value> = state["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|resource| resource["type"] == "aws_secretsmanager_secret_version")
        .flat_map(|resource| resource["instances"].as_array().into_iter().flatten())
        .collect();
    assert_eq!(versions.len(), 5);
    for version in versions {
        let attributes = &version["attributes"];
        assert_eq!(attributes["secret_string"], "");
        assert!(attributes["secret_string_wo"].is_null());
    }
}

#[test]
fn without_terraform_nothing_is_started_and_the_remedy_is_named() {
    let empty = folder("no-terraform");
    let ended = Command::new(program())
        .args(["rehearse", "--terraform", "--out"])
        .arg(&empty)
        .env("PATH", &empty)
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("install Terraform 1.11.0 or newer"), "{said}");
    assert!(fs::read_dir(&empty).unwrap().next().is_none(), "{said}");
}
