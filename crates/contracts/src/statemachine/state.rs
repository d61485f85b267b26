//! From a state of the source to a state of one machine.

use anyhow::{Context, bail, ensure};
use indexmap::IndexMap;

use super::{RetryPolicy, ordered::Json};

type Fields = IndexMap<String, Json>;

/// What the states of one machine have in common.
pub struct Rules<'a> {
    pub machine: &'a str,
    pub direction: &'a str,
    /// By name, with every error named.
    pub retries: &'a IndexMap<String, RetryPolicy>,
}

impl Rules<'_> {
    /// The states that belong to the machine, in the order of the source.
    pub fn states(&self, source: &Fields) -> anyhow::Result<Fields> {
        let mut states = Fields::new();
        for (name, state) in source {
            let Json::Object(fields) = state else {
                bail!("state {name} is no object");
            };
            let mut fields = fields.clone();
            let only_in = fields.shift_remove("In");
            if only_in.is_none_or(|machine| machine.as_text() == Some(self.machine)) {
                let state = self
                    .state(name, fields)
                    .with_context(|| format!("state {name}"))?;
                states.insert(name.clone(), Json::Object(state));
            }
        }
        Ok(states)
    }

    fn state(&self, name: &str, mut fields: Fields) -> anyhow::Result<Fields> {
        let mut state = Fields::new();
        if let Some(stage) = fields.shift_remove("Stage") {
            let stage = stage.as_text().context("Stage is no text")?.to_owned();
            if let Some(comment) = fields.shift_remove("Comment") {
                state.insert("Comment".to_owned(), comment);
            }
            self.call(name, &stage, &mut fields, &mut state);
        } else {
            ensure!(fields.contains_key("Type"), "it has neither Stage nor Type");
        }
        for (field, value) in fields {
            let value = match field.as_str() {
                "Retry" => self.retry(&value)?,
                "Catch" => catch(&value)?,
                "Next" | "Default" => self.next(&field, value)?,
                "ItemProcessor" => self.item_processor(value)?,
                _ => value,
            };
            state.insert(field, value);
        }
        Ok(state)
    }

    /// What a call of a stage's function adds.
    fn call(&self, name: &str, stage: &str, fields: &mut Fields, state: &mut Fields) {
        let function = format!("${{{}}}", stage.replace('-', "_"));
        let waits = fields.shift_remove("WaitsForAnswer").is_some();
        let input = fields.shift_remove("Input").unwrap_or_else(|| {
            let token = ("task_token.$".to_owned(), "$$.Task.Token".into());
            Json::Object(waits.then_some(token).into_iter().collect())
        });
        let payload = Json::object([
            ("plan.$", "$.plan".into()),
            ("direction", self.direction.into()),
            ("input", input),
        ]);
        // An answer is the result itself; a function's answer is wrapped by the Lambda integration.
        let (integration, result) = if waits {
            ("arn:aws:states:::lambda:invoke.waitForTaskToken", "$")
        } else {
            ("arn:aws:states:::lambda:invoke", "$.Payload")
        };
        let selected = fields
            .shift_remove("ResultSelector")
            .unwrap_or_else(|| Json::object([("result.$", result.into())]));
        let path = fields
            .shift_remove("ResultPath")
            .unwrap_or_else(|| format!("$.{}", snake_case(name)).into());
        let added = [
            ("Type", "Task".into()),
            ("Resource", integration.into()),
            (
                "Parameters",
                Json::object([("FunctionName", function.into()), ("Payload", payload)]),
            ),
            ("ResultSelector", selected),
            ("ResultPath", path),
        ];
        state.extend(added.map(|(field, value)| (field.to_owned(), value)));
    }

    fn retry(&self, policy: &Json) -> anyhow::Result<Json> {
        let name = policy.as_text().context("Retry names no policy")?;
        let policy = self
            .retries
            .get(name)
            .with_context(|| format!("Retries has no {name}"))?;
        let policy: Json = serde_json::from_str(&serde_json::to_string(policy)?)?;
        Ok(Json::List(vec![policy]))
    }

    fn next(&self, field: &str, next: Json) -> anyhow::Result<Json> {
        match next {
            Json::Object(of_machines) => of_machines
                .get(self.machine)
                .cloned()
                .with_context(|| format!("{field} has no state for {}", self.machine)),
            other => Ok(other),
        }
    }

    fn item_processor(&self, processor: Json) -> anyhow::Result<Json> {
        let Json::Object(mut fields) = processor else {
            bail!("ItemProcessor is no object");
        };
        let states = fields.get_mut("States").context("ItemProcessor has no States")?;
        let Json::Object(of_items) = states else {
            bail!("the States of ItemProcessor are no object");
        };
        *states = Json::Object(self.states(of_items)?);
        Ok(Json::Object(fields))
    }
}

/// Every error is kept beside the data, for the states that report it.
fn catch(catch: &Json) -> anyhow::Result<Json> {
    let catcher = |error: &str, next: &Json| {
        Json::object([
            ("ErrorEquals", Json::List(vec![error.into()])),
            ("ResultPath", "$.error".into()),
            ("Next", next.clone()),
        ])
    };
    match catch {
        Json::Object(of_errors) => Ok(Json::List(
            of_errors
                .iter()
                .map(|(error, next)| catcher(error, next))
                .collect(),
        )),
        Json::Plain(_) => Ok(Json::List(vec![catcher("States.ALL", catch)])),
        Json::List(_) => bail!("Catch is a list: write the state to go on with, or a state for each error"),
    }
}

/// `WarmFinalSync` -> `warm_final_sync`: where a state puts its result.
fn snake_case(state: &str) -> String {
    let mut path = String::new();
    for (index, letter) in state.char_indices() {
        if letter.is_uppercase() && index > 0 {
            path.push('_');
        }
        path.extend(letter.to_lowercase());
    }
    path
}
