//! The local AWS with everything that a migration needs there: secrets, journal, functions, state machines, and the
//! replication instance with its endpoints. They are created by the rehearsal's own calls, or by Terraform.

mod applied;
mod installed;

use std::{collections::BTreeMap, path::Path};

use crossover_core::catalogue::TableName;
use crossover_operate::{clients::Runs, config::AwsSettings, sdk::configuration};
use crossover_stand::{
    Progress,
    ministack::{Aws, REGION},
};
use serde_json::{Map, Value, json};

pub use applied::find_terraform;

use super::{Databases, Edge};
use crate::{
    calls::Front,
    dms::DmsStandIn,
    error::{RehearsalError, Result},
    options::RehearsalOptions,
    resources::ResourceRow,
    workshop::Products,
};

/// Prefix of all names: the default of the variable `name` in terraform/environments/dev.
const NAME: &str = "crossover";
const SECRET_PREFIX: &str = "crossover/rehearsal";
const STATE_MACHINES: [&str; 3] = ["cutover", "rollback", "verify"];

/// The name of the secret with this key.
pub fn secret_id(key: &str) -> String {
    format!("{SECRET_PREFIX}/{key}")
}

/// What a local AWS is made from.
pub struct Ingredients<'a> {
    pub dms: &'a DmsStandIn,
    pub databases: &'a Databases,
    pub edge: &'a Edge,
    /// The tables of the forward stream.
    pub carried: &'a [TableName],
    pub products: &'a Products,
    pub options: &'a RehearsalOptions,
    /// A folder for files.
    pub work: &'a Path,
    pub progress: &'a dyn Progress,
}

impl Ingredients<'_> {
    /// The secrets by key.
    fn secrets(&self) -> BTreeMap<&'static str, Value> {
        let (source, target) = (&self.databases.source, &self.databases.target);
        BTreeMap::from([
            ("source", source.secret()),
            ("target", target.secret()),
            (
                "edge",
                json!({ "key_id": self.edge.key_id, "key": self.edge.key }),
            ),
            ("dms-source", source.dms_secret()),
            ("dms-target", target.dms_secret()),
        ])
    }
}

/// What was created, whoever has created it.
struct Deployed {
    /// ARNs in the order of [`STATE_MACHINES`].
    machines: [String; 3],
    journal_table: String,
    /// The instance and the endpoints, as a plan's `replication` names them.
    replication: Map<String, Value>,
    resources: Vec<ResourceRow>,
}

/// The local AWS with everything installed.
pub struct Cloud {
    pub aws: Aws,
    pub cutover: String,
    pub rollback: String,
    /// The state machine that compares every table, shared by many functions.
    pub verify: String,
    pub runs: Runs,
    /// What the command needs to know of this AWS.
    pub settings: AwsSettings,
    /// The instance and the endpoints, as a plan's `replication` names them.
    pub replication: Map<String, Value>,
    /// What was created in it, and by whom.
    pub resources: Vec<ResourceRow>,
    _fronts: Vec<Front>,
}

impl Cloud {
    /// Creates everything in the local AWS.
    pub async fn deploy(aws: Aws, ingredients: &Ingredients<'_>) -> Result<Self> {
        let (environment, fronts) = environment(&aws, ingredients).await?;
        let deployed = if ingredients.options.terraform {
            applied::apply(&aws, ingredients, &environment).await?
        } else {
            installed::install(&aws, ingredients, &environment).await?
        };
        let [cutover, rollback, verify] = deployed.machines;
        let settings = AwsSettings {
            region: Some(REGION.to_owned()),
            endpoint_url: Some(aws.endpoint().to_owned()),
            dms_endpoint_url: Some(ingredients.dms.url()),
            cutover: cutover.clone(),
            rollback: rollback.clone(),
            journal_table: deployed.journal_table,
        };
        let sdk = configuration(&settings, Some(aws.endpoint())).await;
        Ok(Self {
            runs: Runs::new(&sdk, &settings.journal_table),
            aws,
            cutover,
            rollback,
            verify,
            settings,
            replication: deployed.replication,
            resources: deployed.resources,
            _fronts: fronts,
        })
    }
}

/// The variables with which functions find the local AWS, and what records their calls, if anything does.
async fn environment(
    aws: &Aws,
    ingredients: &Ingredients<'_>,
) -> Result<(BTreeMap<String, String>, Vec<Front>)> {
    let mut environment: BTreeMap<String, String> = aws.sdk_env().into_iter().collect();
    let mut fronts = Vec::new();
    for (name, url) in [
        ("AWS_ENDPOINT_URL", aws.endpoint().to_owned()),
        (
            "AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE",
            ingredients.dms.url(),
        ),
    ] {
        let mut address = url;
        if let Some(calls) = &ingredients.options.calls {
            let front = Front::start(&address, calls.clone())
                .await
                .map_err(RehearsalError::file("the front of the local AWS"))?;
            address = front.url();
            fronts.push(front);
        }
        environment.insert(name.to_owned(), address);
    }
    Ok((environment, fronts))
}
