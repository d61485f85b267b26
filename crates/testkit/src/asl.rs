//! Runs a state machine of `statemachine/*.asl.json`, the only place that defines the order of the stages.
//!
//! Supported: Task (`Parameters.Payload`, `ResultSelector` of the payload, `ResultPath`, `Retry`, `Catch`),
//! Choice with `StringEquals`, `BooleanEquals`, `IsPresent` and `And`, Succeed and Fail; a task that waits for an answer
//! gets the one of [`Machine::answered`]. The interpreter panics at any other state.

use std::{collections::BTreeMap, sync::Arc};

use crossover_core::{AnyStage, Invocation, Plan, Registry};
use serde_json::{Value, json};

use crate::{
    executor::sleep_until,
    stage::{Failure, invoke},
    state::Shared,
};

/// How a run of the machine ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Name of the last state.
    pub state: String,
    /// Names of all states, in the order they were entered.
    pub trail: Vec<String>,
    pub data: Value,
}

/// A state machine and the stages that implement its functions.
#[derive(Clone)]
pub struct Machine {
    states: Value,
    first: String,
    stages: BTreeMap<String, Arc<dyn AnyStage>>,
    answer: Answer,
}

/// What somebody answers to a task that waits with a task token.
#[derive(Debug, Clone)]
pub enum Answer {
    Success(Value),
    /// The name of an error.
    Failure(&'static str),
    /// Nobody answers until the task's time is over.
    None,
}

impl Machine {
    /// Reads a machine. Every function that the machine names must be in the registry.
    pub fn new(asl: &str, stages: &Registry) -> Self {
        let asl: Value = serde_json::from_str(asl).expect("the state machine is JSON");
        let stages = stages
            .iter()
            .map(|stage| (stage.name().to_string(), Arc::clone(stage)))
            .collect();
        Self {
            first: text(&asl["StartAt"]),
            states: asl["States"].clone(),
            stages,
            answer: Answer::None,
        }
    }

    /// The same machine, whose questions are answered like this.
    #[must_use]
    pub fn answered(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// The same machine with the stage of this name replaced.
    #[must_use]
    pub fn with(mut self, stage: Arc<dyn AnyStage>) -> Self {
        self.stages.insert(stage.name().to_string(), stage);
        self
    }

    /// The same machine, which ends as soon as it enters `state`.
    #[must_use]
    pub fn until(mut self, state: &str) -> Self {
        self.states[state] = json!({ "Type": "Succeed" });
        self
    }

    /// The state with which the machine begins.
    pub fn first(&self) -> &str {
        &self.first
    }

    /// Runs the machine until it ends.
    pub async fn execute(&self, shared: Shared, plan: Plan) -> Ending {
        self.execute_from(&self.first.clone(), shared, json!({ "plan": plan }))
            .await
    }

    /// Runs the machine from `state` with the data of that state.
    pub async fn execute_from(&self, state: &str, shared: Shared, mut data: Value) -> Ending {
        let mut name = state.to_owned();
        let mut trail = Vec::new();
        loop {
            trail.push(name.clone());
            let state = &self.states[&name];
            match text(&state["Type"]).as_str() {
                "Succeed" | "Fail" => {
                    return Ending {
                        state: name,
                        trail,
                        data,
                    };
                }
                "Choice" => name = choose(state, &data),
                "Task" => name = self.task(&shared, state, &mut data).await,
                other => panic!("state {name} is of type {other:?}, which the interpreter does not support"),
            }
        }
    }

    async fn task(&self, shared: &Shared, state: &Value, data: &mut Value) -> String {
        let function = text(&state["Parameters"]["FunctionName"]);
        let function = function
            .trim_start_matches("${")
            .trim_end_matches('}')
            .replace('_', "-");
        let stage = self
            .stages
            .get(&function)
            .unwrap_or_else(|| panic!("no stage is called {function}"));
        let payload = resolved(&state["Parameters"]["Payload"], data);
        let mut attempts: BTreeMap<usize, u64> = BTreeMap::new();
        loop {
            let mut result = self.attempt(shared, Arc::clone(stage), payload.clone()).await;
            if result.is_ok() && text(&state["Resource"]).ends_with(".waitForTaskToken") {
                result = self.wait_for_answer(shared, state, data).await;
            }
            let failure = match result {
                Ok(answer) => {
                    put(data, &text(&state["ResultPath"]), json!({ "result": answer }));
                    return text(&state["Next"]);
                }
                Err(failure) => failure,
            };
            if let Some((index, retrier)) = matching(&state["Retry"], &failure.name) {
                let made = attempts.entry(index).or_default();
                if *made < retrier["MaxAttempts"].as_u64().unwrap_or(3) {
                    let seconds = retrier["IntervalSeconds"].as_f64().unwrap_or(1.0)
                        * retrier["BackoffRate"].as_f64().unwrap_or(2.0).powi(*made as i32);
                    *made += 1;
                    let until = shared.lock().now + (seconds * 1_000.0) as u64;
                    sleep_until(shared.clone(), until).await;
                    continue;
                }
            }
            let (_, catcher) = matching(&state["Catch"], &failure.name)
                .unwrap_or_else(|| panic!("no Catch rule matches {} of {function}", failure.name));
            put(
                data,
                &text(&catcher["ResultPath"]),
                json!({ "Error": failure.name, "Cause": failure.text }),
            );
            return text(&catcher["Next"]);
        }
    }

    async fn wait_for_answer(&self, shared: &Shared, state: &Value, data: &Value) -> Result<Value, Failure> {
        let failed = |name: &str| Failure {
            name: name.to_owned(),
            text: String::new(),
        };
        match &self.answer {
            Answer::Success(answer) => Ok(answer.clone()),
            Answer::Failure(name) => Err(failed(name)),
            Answer::None => {
                let seconds = at(data, &text(&state["TimeoutSecondsPath"]));
                let seconds = seconds.as_u64().expect("a number of seconds");
                let until = shared.lock().now + seconds * 1_000;
                sleep_until(shared.clone(), until).await;
                Err(failed("States.Timeout"))
            }
        }
    }

    async fn attempt(
        &self,
        shared: &Shared,
        stage: Arc<dyn AnyStage>,
        payload: Value,
    ) -> Result<Value, Failure> {
        let invocation: Invocation = serde_json::from_value(payload).expect("the payload is an invocation");
        let faults = invocation.plan.faults();
        assert!(faults.is_empty(), "the plan of the test is invalid: {faults:?}");
        invoke(
            shared.clone(),
            invocation.plan,
            invocation.direction,
            stage,
            invocation.input,
        )
        .await
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("expected a string, found {value}"))
        .to_owned()
}

fn pointer(path: &str) -> String {
    path.trim_start_matches('$').replace('.', "/")
}

/// The value at a path such as `$.a.b`.
fn at<'a>(data: &'a Value, path: &str) -> &'a Value {
    data.pointer(&pointer(path))
        .unwrap_or_else(|| panic!("the machine's data has no {path}: {data}"))
}

fn put(data: &mut Value, path: &str, value: Value) {
    let field = path.trim_start_matches("$.").to_owned();
    assert!(!field.contains('.'), "result paths have one part, not {path}");
    data[field] = value;
}

/// A payload template with its `name.$` fields filled in.
fn resolved(template: &Value, data: &Value) -> Value {
    match template {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match name.strip_suffix(".$") {
                Some(name) if value == "$$.Task.Token" => (name.to_owned(), "token-of-the-task".into()),
                Some(name) => (name.to_owned(), at(data, &text(value)).clone()),
                None => (name.clone(), resolved(value, data)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn matching<'a>(rules: &'a Value, error: &str) -> Option<(usize, &'a Value)> {
    let names = |rule: &'a Value| {
        rule["ErrorEquals"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    };
    let fits = |rule: &&'a Value| names(rule).any(|name| name == error || name == "States.ALL");
    rules.as_array()?.iter().enumerate().find(|(_, rule)| fits(rule))
}

fn choose(state: &Value, data: &Value) -> String {
    let choices = state["Choices"].as_array().into_iter().flatten();
    for choice in choices {
        if applies(choice, data) {
            return text(&choice["Next"]);
        }
    }
    text(&state["Default"])
}

fn applies(rule: &Value, data: &Value) -> bool {
    if let Some(rules) = rule["And"].as_array() {
        return rules.iter().all(|rule| applies(rule, data));
    }
    let variable = text(&rule["Variable"]);
    if let Some(asked) = rule["IsPresent"].as_bool() {
        return data.pointer(&pointer(&variable)).is_some() == asked;
    }
    let compared = ["StringEquals", "BooleanEquals"]
        .iter()
        .find_map(|operator| rule.get(operator))
        .unwrap_or_else(|| panic!("the interpreter does not know the rule {rule}"));
    at(data, &variable) == compared
}
