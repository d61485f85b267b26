//! The local AWS: secrets, journal, functions, state machines; and the forward stream, which exists before a
//! cutover.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use crossover_clock::SystemClock;
use crossover_core::{Millis, catalogue::TableName, polling::Polling};
use crossover_operate::{clients::Runs, config::AwsSettings, sdk::configuration};
use crossover_stages::registry;
use crossover_stand::{
    Progress, loopback,
    ministack::{Aws, Function, pack},
    progress::step,
};
use serde_json::{Value, json};

use super::{Databases, Edge};
use crate::{
    calls::{self, Calls, Front},
    dms::{DmsConfig, DmsStandIn, INSTANCE_ARN},
    error::{RehearsalError, Result},
    options::RehearsalOptions,
    workshop::Products,
};

pub const SOURCE_SECRET: &str = "crossover/rehearsal/source";
pub const TARGET_SECRET: &str = "crossover/rehearsal/target";
pub const EDGE_SECRET: &str = "crossover/rehearsal/edge";
pub const FORWARD_TASK: &str = "rehearsal-forward";
const JOURNAL_TABLE: &str = "crossover-journal";
/// A full load that takes longer than this is considered stuck.
const FULL_LOAD_LIMIT: Millis = Millis(30 * 60 * 1_000);

/// ARN of an endpoint of the stand-in.
pub fn endpoint_arn(side: &str, way: &str) -> String {
    format!("arn:aws:dms:us-east-1:000000000000:endpoint:{side}-{way}")
}

/// Starts the DMS stand-in over both databases.
pub async fn start_dms(databases: &Databases, aws: &Aws, calls: Option<Calls>) -> Result<DmsStandIn> {
    let mut endpoints = HashMap::new();
    for (side, database) in [("source", &databases.source), ("target", &databases.target)] {
        for way in ["read", "write"] {
            endpoints.insert(endpoint_arn(side, way), database.dms_endpoint());
        }
    }
    DmsStandIn::start(DmsConfig {
        endpoints,
        cloudwatch_url: aws.endpoint().to_owned(),
        calls,
    })
    .await
    .map_err(RehearsalError::file("the DMS stand-in"))
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
    _front: Option<Front>,
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

        let front = match &options.calls {
            None => None,
            Some(calls) => Some(
                Front::start(aws.endpoint(), calls.clone())
                    .await
                    .map_err(RehearsalError::file("the front of the local AWS"))?,
            ),
        };
        let mut env: BTreeMap<String, String> = aws.sdk_env().into_iter().collect();
        if let Some(front) = &front {
            env.insert("AWS_ENDPOINT_URL".to_owned(), front.url());
        }
        env.insert(
            "AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE".to_owned(),
            dms.url(),
        );
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
            _front: front,
        })
    }

    /// Creates and starts the forward task, and waits for its full load.
    pub async fn start_forward_stream(
        &self,
        dms: &DmsStandIn,
        carried: &[TableName],
        progress: &dyn Progress,
    ) -> Result<()> {
        let loading = step(progress, "full load from source to target");
        let mut tables = carried.to_vec();
        tables.push(TableName::marker());
        let rules: Vec<Value> = tables
            .iter()
            .enumerate()
            .map(|(index, table)| {
                json!({
                    "rule-type": "selection", "rule-id": (index + 1).to_string(), "rule-name": (index + 1).to_string(),
                    "object-locator": { "schema-name": table.schema, "table-name": table.name }, "rule-action": "explicit",
                })
            })
            .collect();
        let created = call_dms(
            dms,
            "CreateReplicationTask",
            &json!({
                "ReplicationTaskIdentifier": FORWARD_TASK, "ReplicationInstanceArn": INSTANCE_ARN,
                "SourceEndpointArn": endpoint_arn("source", "read"), "TargetEndpointArn": endpoint_arn("target", "write"),
                "MigrationType": "full-load-and-cdc", "TableMappings": json!({ "rules": rules }).to_string(),
            }),
        )
        .await?;
        let arn = created["ReplicationTask"]["ReplicationTaskArn"].clone();
        let start = json!({ "ReplicationTaskArn": arn, "StartReplicationTaskType": "start-replication" });
        call_dms(dms, "StartReplicationTask", &start).await?;
        let filter = json!({ "Filters": [{ "Name": "replication-task-id", "Values": [FORWARD_TASK] }] });
        let mut polling = Polling::new(&SystemClock, Millis(100), FULL_LOAD_LIMIT);
        loop {
            let answer = call_dms(dms, "DescribeReplicationTasks", &filter).await?;
            let task = &answer["ReplicationTasks"][0];
            if task["Status"] == "running" && task["ReplicationTaskStats"]["FullLoadProgressPercent"] == 100 {
                loading.done();
                return Ok(());
            }
            if task["Status"] == "failed" || polling.pause().await.is_err() {
                return Err(RehearsalError::Timeout {
                    what: "the full load".to_owned(),
                    seconds: polling.waited().whole_seconds(),
                    hint: format!("the task is {}; see the log of the target server", task["Status"]),
                });
            }
        }
    }

    /// Removes a task that has stopped.
    pub async fn remove_task(&self, dms: &DmsStandIn, name: &str) -> Result<()> {
        let filter = json!({ "Filters": [{ "Name": "replication-task-id", "Values": [name] }] });
        let answer = call_dms(dms, "DescribeReplicationTasks", &filter).await?;
        let arn = &answer["ReplicationTasks"][0]["ReplicationTaskArn"];
        call_dms(
            dms,
            "DeleteReplicationTask",
            &json!({ "ReplicationTaskArn": arn }),
        )
        .await?;
        Ok(())
    }
}

/// The document of a state machine with the ARNs of the functions inserted.
fn definition(path: &Path, functions: &[(String, String)]) -> Result<String> {
    let text = fs::read_to_string(path).map_err(RehearsalError::file(path))?;
    Ok(functions.iter().fold(text, |text, (name, arn)| {
        text.replace(&format!("${{{name}}}"), arn)
    }))
}

/// One call of the DMS API, as the tool that provisions a migration makes.
async fn call_dms(dms: &DmsStandIn, operation: &str, request: &Value) -> Result<Value> {
    let http = loopback::http().build().map_err(|e| aws_error(operation, &e))?;
    let answer = http
        .post(dms.url())
        .header("x-amz-target", format!("AmazonDMSv20160101.{operation}"))
        .header("content-type", "application/x-amz-json-1.1")
        .body(request.to_string())
        .send()
        .await
        .map_err(|e| aws_error(operation, &e))?;
    let failed = !answer.status().is_success();
    let body: Value = answer.json().await.map_err(|e| aws_error(operation, &e))?;
    if failed {
        return Err(RehearsalError::Aws {
            what: format!("DMS {operation}"),
            reason: body["message"].as_str().unwrap_or("?").to_owned(),
        });
    }
    Ok(body)
}

fn aws_error(what: &str, error: &reqwest::Error) -> RehearsalError {
    RehearsalError::Aws {
        what: what.to_owned(),
        reason: error.to_string(),
    }
}
