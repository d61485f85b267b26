//! Created by Terraform: `terraform/environments/dev`, applied to the local AWS as to an account.
//!
//! Terraform runs on a copy of the folder. Its state and its log stay in the work folder; neither has a secret, because the
//! values of secrets are write-only arguments.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crossover_stages::registry;
use crossover_stand::{
    ministack::{Aws, REGION, pack},
    progress::step,
};
use crossover_terraform_run::{
    Terraform, copy,
    folder::Folder,
    plugins::{self, Required},
    state::resources,
};
use serde_json::{Map, Value, json};

use super::{Deployed, Ingredients, SECRET_PREFIX, STATE_MACHINES};
use crate::{
    environment::replication::{INSTANCE, MIGRATION},
    error::{RehearsalError, Result},
    options::RehearsalOptions,
    resources::{Creator, ResourceRow},
};

const ENVIRONMENT: &str = "environments/dev";
const PROVIDER: (&str, &str) = ("hashicorp/aws", ">= 5.100, < 7.0");
const VARIABLES: &str = "rehearsal.tfvars.json";
/// DMS demands the authority of the databases' certificates. Nothing is encrypted on this machine's loopback.
const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----\nof a rehearsal\n-----END CERTIFICATE-----\n";

/// The Terraform of this machine.
///
/// # Errors
/// There is none, or it is too old; with the remedy.
pub fn find_terraform() -> Result<Terraform> {
    Terraform::find().map_err(|why| RehearsalError::Terraform {
        what: "environments/dev cannot be applied".to_owned(),
        faults: vec![why],
    })
}

/// Applies the environment.
pub async fn apply(
    aws: &Aws,
    ingredients: &Ingredients<'_>,
    environment: &BTreeMap<String, String>,
) -> Result<Deployed> {
    let scratch = ingredients.work.join("terraform");
    fs::create_dir_all(&scratch).map_err(RehearsalError::file(&scratch))?;
    let (terraform, place) = prepared(ingredients.options, &scratch)?;
    let variables = variables(aws, ingredients, environment, &scratch)?;
    let folder = Folder {
        terraform: &terraform,
        place,
        logs: scratch,
        environment: vec![
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", aws.endpoint().to_owned()),
            (
                "AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE",
                ingredients.dms.url(),
            ),
            ("TF_VAR_secret_values", secret_values(ingredients)),
        ],
    };
    folder
        .keep_state_here()
        .and_then(|()| folder.write(VARIABLES, &variables.to_string()))
        .map_err(failed("the copy of the folder terraform"))?;
    let given = format!("-var-file={VARIABLES}");
    let name = "terraform init";
    run(&folder, ingredients, name, &["init", "-input=false", "-json"]).await?;
    let name = "terraform apply: environments/dev to the local AWS";
    let arguments = ["apply", "-auto-approve", "-input=false", "-json", &given];
    run(&folder, ingredients, name, &arguments).await?;
    let outputs = folder.answer(&["output", "-json"]).await;
    let outputs = outputs.map_err(failed("terraform output"))?;
    let state = folder.show(&[]).await.map_err(failed("terraform show"))?;
    deployed(&outputs["crossover"]["value"], &state)
}

/// Terraform with its plugins, and the copy of the environment's folder.
fn prepared(options: &RehearsalOptions, scratch: &Path) -> Result<(Terraform, PathBuf)> {
    let terraform = find_terraform()?;
    let (provider, versions) = PROVIDER;
    let required = Required::from([(provider.to_owned(), vec![versions.to_owned()])]);
    let cache = plugins::cache(&options.workspace);
    let found = plugins::find(terraform, &required, scratch, &cache)
        .map_err(failed("looking for Terraform's plugins"))?;
    if let Some(why) = found.missing.get(provider) {
        return Err(RehearsalError::Terraform {
            what: format!("there is no plugin of {provider} {versions}"),
            faults: vec![why.clone(), plugins::remedy()],
        });
    }
    let copied = copy::copy(
        &options.workspace,
        &options.workspace.join("terraform"),
        &scratch.join("checkout"),
    )
    .map_err(failed("copying the folder terraform"))?;
    Ok((found.terraform, copied.join(ENVIRONMENT)))
}

/// The values of the secrets, which reach Terraform by its environment and are written to no file.
fn secret_values(ingredients: &Ingredients<'_>) -> String {
    let values: Map<String, Value> = ingredients
        .secrets()
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_string().into()))
        .collect();
    Value::Object(values).to_string()
}

/// The variables of the environment, none of them secret.
fn variables(
    aws: &Aws,
    ingredients: &Ingredients<'_>,
    environment: &BTreeMap<String, String>,
    scratch: &Path,
) -> Result<Value> {
    let options = ingredients.options;
    let package = packed(&ingredients.products.bootstrap, &scratch.join("bootstrap.zip"))?;
    let mut packages = Map::new();
    for (stage, program) in &options.functions {
        let zip = packed(program, &scratch.join(format!("{stage}.zip")))?;
        packages.insert(stage.clone(), json!(zip));
    }
    let settings: Map<String, Value> = registry()
        .iter()
        .filter(|stage| stage.works_in_pause())
        .map(|stage| {
            let limit = json!({ "timeout_seconds": options.pause_function_timeout_s });
            (stage.name().as_str().to_owned(), limit)
        })
        .collect();
    let database = |side: &str| {
        json!({
            "secret": format!("dms-{side}"), "database_name": ingredients.databases.source.name(), "certificate": "authority",
        })
    };
    let tables: Vec<String> = ingredients.carried.iter().map(ToString::to_string).collect();
    Ok(json!({
        "region": REGION,
        "zones": { format!("{REGION}a"): 0, format!("{REGION}b"): 1 },
        "endpoints": { "default": aws.endpoint(), "dms": ingredients.dms.url() },
        "package": package,
        "functions": {
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" },
            "environment": environment, "packages": packages, "settings": settings,
        },
        "secret_prefix": SECRET_PREFIX,
        "secret_version": 1,
        "secrets": {
            "dms-source": "The replication user on the source", "dms-target": "The replication user on the target",
        },
        "replication": {
            "certificates": { "authority": AUTHORITY },
            "instances": { INSTANCE: { "class": "dms.t3.medium" } },
            "databases": { "source": database("source"), "target": database("target") },
            "migrations": {
                MIGRATION: { "source": "source", "target": "target", "instance": INSTANCE, "tables": tables },
            },
        },
    }))
}

fn packed(program: &Path, zip: &Path) -> Result<PathBuf> {
    fs::write(zip, pack(program)?).map_err(RehearsalError::file(zip))?;
    Ok(zip.to_owned())
}

/// Runs a command, shown as a step; its errors are the error.
async fn run(
    folder: &Folder<'_>,
    ingredients: &Ingredients<'_>,
    name: &str,
    arguments: &[&str],
) -> Result<()> {
    let running = step(ingredients.progress, name.to_owned());
    let ended = folder
        .run(arguments, |done, all, _| {
            let reason = match all {
                0 => "it reads what there is".to_owned(),
                all => format!("{done} of {all} resources are created"),
            };
            ingredients.progress.waits(name, &reason);
        })
        .await
        .map_err(failed(name))?;
    if !ended.success {
        return Err(RehearsalError::Terraform {
            what: format!("{name} failed"),
            faults: ended.faults(),
        });
    }
    running.done();
    Ok(())
}

/// What Terraform has created, from its output and its state.
fn deployed(output: &Value, state: &Value) -> Result<Deployed> {
    let mut missing = Vec::new();
    let mut text = |value: &Value, what: String| {
        let text = value.as_str().map(str::to_owned);
        text.unwrap_or_else(|| {
            missing.push(format!("the output crossover has no {what}"));
            String::new()
        })
    };
    let machines =
        STATE_MACHINES.map(|name| text(&output["state_machines"][name], format!("state_machines.{name}")));
    let journal_table = text(&output["journal_table"], "journal_table".to_owned());
    let replication = output["replication"][MIGRATION].as_object().cloned();
    if replication.is_none() {
        missing.push(format!("the output crossover has no replication.{MIGRATION}"));
    }
    if !missing.is_empty() {
        return Err(RehearsalError::Terraform {
            what: "environments/dev was applied, and a rehearsal cannot run on it".to_owned(),
            faults: missing,
        });
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for resource in resources(state) {
        *kinds.entry(resource.kind).or_default() += 1;
    }
    Ok(Deployed {
        machines,
        journal_table,
        replication: replication.unwrap_or_default(),
        resources: kinds
            .into_iter()
            .map(|(kind, count)| ResourceRow::new(&kind, count, Creator::Terraform))
            .collect(),
    })
}

fn failed(what: impl Into<String>) -> impl FnOnce(anyhow::Error) -> RehearsalError {
    let what = what.into();
    move |error| RehearsalError::Terraform {
        what: format!("{what} failed"),
        faults: vec![format!("{error:#}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_is_the_one_that_the_environment_asks_for() {
        let (provider, versions) = PROVIDER;
        let asked = include_str!("../../../../../terraform/environments/dev/versions.tf");
        for text in [provider, versions] {
            assert!(asked.contains(&format!("\"{text}\"")), "{text}");
        }
    }

    #[test]
    fn everything_that_an_output_lacks_is_named_at_once() {
        let output = json!({ "state_machines": { "cutover": "arn", "rollback": "arn" } });
        let error = deployed(&output, &Value::Null).err().unwrap().to_string();
        for lacking in ["state_machines.verify", "journal_table", "replication.rehearsal"] {
            assert!(error.contains(lacking), "{error}");
        }
    }

    #[test]
    fn what_was_created_is_counted_by_type() {
        let output = json!({
            "state_machines": { "cutover": "c", "rollback": "r", "verify": "v" }, "journal_table": "j",
            "replication": { MIGRATION: { "slot_plugin": "test_decoding" } },
        });
        let one = |address: &str, kind: &str| json!({ "mode": "managed", "address": address, "type": kind });
        let state = json!({ "values": { "root_module": { "resources": [one("a.x", "a"), one("a.y", "a"), one("b.x", "b")] } } });
        let deployed = deployed(&output, &state).unwrap();
        assert_eq!(deployed.machines, ["c", "r", "v"]);
        let counts: Vec<(&str, usize)> = deployed
            .resources
            .iter()
            .map(|row| (row.kind.as_str(), row.count))
            .collect();
        assert_eq!(counts, [("a", 2), ("b", 1)]);
    }
}
