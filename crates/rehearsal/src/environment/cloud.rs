//! The local AWS: secrets, journal, functions, state machines.

use std::{collections::BTreeMap, fs, path::Path};

use crossover_operate::{clients::Runs, config::AwsSettings, sdk::configuration};
use crossover_stages::registry;
use crossover_stand::ministack::{Aws, Function, pack};
use serde_json::json;

use super::{Databases, Edge};
use crate::{
    calls::{self, Calls, Front},
    dms::DmsStandIn,
    error::{RehearsalError, Result},
    options::RehearsalOptions,
    workshop::Products,
};

pub const SOURCE_SECRET: &str = "crossover/rehearsal/source";
pub const TARGET_SECRET: &str = "crossover/rehearsal/target";
pub const EDGE_SECRET: &str = "crossover/rehearsal/edge";
const JOURNAL_TABLE: &str = "crossover-journal";

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
    _fronts: Vec<Front>,
}

impl Cloud {
    /// Installs secrets, journal, functions and state machines.
    pub async fn install(
        aws: Aws,
        dms: &DmsStandIn,
        databases: &Databases,
        edge: &Edge,
        products: &Products,
        options: &RehearsalOptions,
    ) -> Result<Self> {
        aws.create_secret(SOURCE_SECRET, &databases.source.secret().to_string())
            .await?;
        aws.create_secret(TARGET_SECRET, &databases.target.secret().to_string())
            .await?;
        aws.create_secret(
            EDGE_SECRET,
            &json!({ "key_id": edge.key_id, "key": edge.key }).to_string(),
        )
        .await?;
        aws.create_table(JOURNAL_TABLE, "run_id", Some("entry")).await?;
        let topic = aws.create_topic("crossover-notices").await?;

        let mut env: BTreeMap<String, String> = aws.sdk_env().into_iter().collect();
        let mut fronts = Vec::new();
        for (name, url) in [
            ("AWS_ENDPOINT_URL", aws.endpoint().to_owned()),
            ("AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE", dms.url()),
        ] {
            let mut address = url;
            if let Some(calls) = &options.calls {
                let front = Front::start(&address, calls.clone())
                    .await
                    .map_err(RehearsalError::file("the front of the local AWS"))?;
                address = front.url();
                fronts.push(front);
            }
            env.insert(name.to_owned(), address);
        }
        env.insert("CROSSOVER_JOURNAL_TABLE".to_owned(), JOURNAL_TABLE.to_owned());
        env.insert("CROSSOVER_NOTICE_TOPIC_ARN".to_owned(), topic);
        let package = pack(&products.bootstrap)?;
        let mut functions = Vec::new();
        let stages = registry();
        for stage in stages.iter() {
            let name = stage.name().as_str();
            let mut env = env.clone();
            env.insert(calls::APPLICATION.to_owned(), Calls::id_of(stage.name()));
            functions.push(Function {
                name: format!("crossover-{name}"),
                zip: match options.functions.get(name) {
                    Some(program) => pack(program)?,
                    None => package.clone(),
                },
                handler: name.to_owned(),
                env,
                timeout_seconds: if stage.works_in_pause() {
                    options.pause_function_timeout_s
                } else {
                    600
                },
                memory_mb: 256,
            });
        }
        let arns = aws.create_functions(&functions).await?;
        let by_stage: Vec<(String, String)> = stages
            .names()
            .into_iter()
            .zip(arns)
            .map(|(stage, arn)| (stage.as_str().replace('-', "_"), arn))
            .collect();
        let machines = options.workspace.join("statemachine");
        let mut arns = Vec::new();
        for name in ["cutover", "rollback", "verify"] {
            let text = definition(&machines.join(format!("{name}.asl.json")), &by_stage)?;
            arns.push(aws.create_state_machine(name, &text).await?);
        }
        let [cutover, rollback, verify] = <[String; 3]>::try_from(arns).unwrap_or_default();
        let settings = AwsSettings {
            region: Some("us-east-1".to_owned()),
            endpoint_url: Some(aws.endpoint().to_owned()),
            dms_endpoint_url: Some(dms.url()),
            cutover: cutover.clone(),
            rollback: rollback.clone(),
            journal_table: JOURNAL_TABLE.to_owned(),
        };
        let sdk = configuration(&settings, Some(aws.endpoint())).await;
        Ok(Self {
            runs: Runs::new(&sdk, JOURNAL_TABLE),
            aws,
            cutover,
            rollback,
            verify,
            settings,
            _fronts: fronts,
        })
    }
}

/// The document of a state machine with the ARNs of the functions inserted.
fn definition(path: &Path, functions: &[(String, String)]) -> Result<String> {
    let text = fs::read_to_string(path).map_err(RehearsalError::file(path))?;
    Ok(functions.iter().fold(text, |text, (name, arn)| {
        text.replace(&format!("${{{name}}}"), arn)
    }))
}
