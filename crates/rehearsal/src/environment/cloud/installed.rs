//! Created by the rehearsal's own calls: as little as a run needs, within a second.

use std::{collections::BTreeMap, fs, path::Path};

use crossover_stages::registry;
use crossover_stand::{
    ministack::{Aws, Function, pack},
    progress::step,
};

use super::{Deployed, Ingredients, NAME, STATE_MACHINES, secret_id};
use crate::{
    calls::{self, Calls},
    environment::replication,
    error::{RehearsalError, Result},
    resources::{Creator, ResourceRow},
};

/// Creates secrets, journal, functions, state machines and the replication.
pub async fn install(
    aws: &Aws,
    ingredients: &Ingredients<'_>,
    environment: &BTreeMap<String, String>,
) -> Result<Deployed> {
    let installing = step(
        ingredients.progress,
        "install functions, state machines, secrets and replication in the local AWS",
    );
    let mut secrets = BTreeMap::new();
    for (key, value) in ingredients.secrets() {
        let arn = aws.create_secret(&secret_id(key), &value.to_string()).await?;
        secrets.insert(key, arn);
    }
    let journal_table = format!("{NAME}-journal");
    aws.create_table(&journal_table, "run_id", Some("entry")).await?;
    let topic = aws.create_topic(&format!("{NAME}-notices")).await?;

    let mut environment = environment.clone();
    environment.insert("CROSSOVER_JOURNAL_TABLE".to_owned(), journal_table.clone());
    environment.insert("CROSSOVER_NOTICE_TOPIC_ARN".to_owned(), topic);
    let functions = functions(ingredients, &environment)?;
    let stages = registry().names();
    let by_stage: Vec<(String, String)> = stages
        .into_iter()
        .zip(aws.create_functions(&functions).await?)
        .map(|(stage, arn)| (stage.as_str().replace('-', "_"), arn))
        .collect();
    let mut machines = STATE_MACHINES.map(str::to_owned);
    for machine in &mut machines {
        let file = format!("statemachine/{machine}.asl.json");
        let text = definition(&ingredients.options.workspace.join(file), &by_stage)?;
        *machine = aws.create_state_machine(machine, &text).await?;
    }
    let [source, target] = [&secrets["dms-source"], &secrets["dms-target"]];
    let endpoints = replication::provision(
        ingredients.dms,
        ingredients.databases.source.name(),
        source,
        target,
    )
    .await?;
    replication::create_forward_task(ingredients.dms, ingredients.carried).await?;
    installing.done();
    let count = [
        ("aws_secretsmanager_secret", secrets.len()),
        ("aws_dynamodb_table", 1),
        ("aws_sns_topic", 1),
        ("aws_lambda_function", functions.len()),
        ("aws_sfn_state_machine", machines.len()),
        ("aws_dms_replication_instance", 1),
        ("aws_dms_endpoint", endpoints),
        ("aws_dms_replication_task", 1),
    ];
    Ok(Deployed {
        machines,
        journal_table,
        replication: replication::settings(),
        resources: count
            .map(|(kind, count)| ResourceRow::new(kind, count, Creator::Rehearsal))
            .into(),
    })
}

fn functions(ingredients: &Ingredients<'_>, environment: &BTreeMap<String, String>) -> Result<Vec<Function>> {
    let options = ingredients.options;
    let package = pack(&ingredients.products.bootstrap)?;
    registry()
        .iter()
        .map(|stage| {
            let name = stage.name().as_str();
            let mut env = environment.clone();
            env.insert(calls::APPLICATION.to_owned(), Calls::id_of(stage.name()));
            Ok(Function {
                name: format!("{NAME}-{name}"),
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
            })
        })
        .collect()
}

/// The document of a state machine with the ARNs of the functions inserted.
fn definition(path: &Path, functions: &[(String, String)]) -> Result<String> {
    let text = fs::read_to_string(path).map_err(RehearsalError::file(path))?;
    Ok(functions.iter().fold(text, |text, (name, arn)| {
        text.replace(&format!("${{{name}}}"), arn)
    }))
}
