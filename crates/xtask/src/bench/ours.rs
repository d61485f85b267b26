//! `crossover verify`: its command line, and the meaning of its answer.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, process::Command};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::bench::{
    judgement::Named,
    measure::Measured,
    outcome::{Outcome, last_line},
    stand::Stand,
};

/// The exit statuses that are answers; with 2 the comparison could not run.
const EQUAL: i32 = 0;
const DIFFERENT: i32 = 1;

/// The program under test.
pub struct Ours {
    program: PathBuf,
    jobs: Option<u64>,
}

impl Ours {
    pub fn new(program: PathBuf, jobs: Option<u64>) -> Self {
        Self { program, jobs }
    }

    pub fn version(&self) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .arg("--version")
            .output()
            .with_context(|| format!("{} cannot be run", self.program.display()))?;
        Ok(last_line(&String::from_utf8_lossy(&output.stdout)))
    }

    /// The command line that compares one table.
    pub fn command(&self, stand: &Stand, table: &str) -> Vec<OsString> {
        let mut command = vec![
            self.program.clone().into_os_string(),
            "verify".into(),
            "--source".into(),
            stand.source.url.clone().into(),
            "--target".into(),
            stand.target.url.clone().into(),
            "--tables".into(),
            table.into(),
            "--json".into(),
        ];
        if let Some(jobs) = self.jobs {
            command.extend(["--jobs".into(), jobs.to_string().into()]);
        }
        command
    }

    /// The SQL of the aggregate that hashes a table, if this build can print it.
    pub fn hash_sql(&self, stand: &Stand, table: &str) -> Option<String> {
        let [program, arguments @ ..] = &self.command(stand, table)[..] else {
            return None;
        };
        let output = Command::new(program)
            .args(arguments)
            .arg("--explain-sql")
            .output()
            .ok()?;
        let sql = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        let is_query = ["select", "with", "--", "set"]
            .iter()
            .any(|word| sql.starts_with(word));
        (output.status.success() && is_query).then_some(sql)
    }
}

/// The outcome of a run. The answer is valid only if the exit status agrees.
pub fn outcome(measured: &Measured) -> Outcome {
    if measured.over_limit {
        return Outcome::OverLimit;
    }
    if ![EQUAL, DIFFERENT].contains(&measured.exit) {
        return Outcome::Failed(format!(
            "exit status {}: {}",
            measured.exit,
            last_line(&measured.stderr)
        ));
    }
    match read(&measured.stdout) {
        Ok((true, named)) if measured.exit == EQUAL && named.is_empty() => Outcome::Equal,
        Ok((false, named)) if measured.exit == DIFFERENT => Outcome::Different(named),
        Ok((equal, named)) => Outcome::Failed(format!(
            "exit status {} with `equal` {equal} and {} differences",
            measured.exit,
            named.len()
        )),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

/// Whether everything is equal, and the rows that differ.
fn read(stdout: &str) -> anyhow::Result<(bool, BTreeMap<u64, Named>)> {
    let answer: Value = serde_json::from_str(stdout).context("the answer is not JSON")?;
    let equal = answer["equal"].as_bool().context("the answer has no `equal`")?;
    let tables = answer["tables"]
        .as_array()
        .context("the answer has no `tables`")?;
    if tables.is_empty() {
        bail!("no table was compared");
    }
    let mut named = BTreeMap::new();
    for difference in tables
        .iter()
        .filter_map(|table| table["differences"].as_array())
        .flatten()
    {
        let key = key(&difference["key"])
            .with_context(|| format!("a difference has no key the bench can read: {difference}"))?;
        let columns = difference["columns"].as_array().into_iter().flatten();
        let columns = columns.filter_map(Value::as_str).map(str::to_owned).collect();
        let kind = kind(difference["kind"].as_str().unwrap_or_default());
        named.insert(key, Named { kind, columns });
    }
    Ok((equal, named))
}

/// A key of one column in any form: a number, text, a list of one element, an object with one field.
fn key(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok(),
        Value::Array(columns) if columns.len() == 1 => key(&columns[0]),
        Value::Object(columns) if columns.len() == 1 => columns.values().next().and_then(key),
        _ => None,
    }
}

/// The bench's word for a kind of difference.
fn kind(word: &str) -> String {
    let known = [
        ("missing", "missing"),
        ("extra", "extra"),
        ("differ", "changed"),
        ("change", "changed"),
    ];
    let lower = word.to_lowercase();
    let kind = known.iter().find(|(word, _)| lower.contains(word));
    kind.map_or(word, |(_, kind)| kind).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn measured(exit: i32, stdout: &Value) -> Measured {
        Measured {
            elapsed_s: 1.0,
            cpu_s: 0.1,
            rss_mb: 9.0,
            exit,
            over_limit: false,
            stdout: stdout.to_string(),
            stderr: "warning\nerror: no such table\n".to_owned(),
        }
    }

    fn answer(equal: bool, differences: &Value) -> Value {
        json!({ "equal": equal, "elapsed_ms": 3, "tables": [{ "name": "public.orders", "differences": differences }] })
    }

    #[test]
    fn keys_kinds_and_columns_are_read_however_a_key_is_wrapped() {
        let differences = json!([
            { "key": 1, "kind": "missing_on_target", "columns": [] },
            { "key": "2", "kind": "extra on target" },
            { "key": ["3"], "kind": "different", "columns": ["note"] },
            { "key": { "id": 4 }, "kind": "changed", "columns": ["total"] },
        ]);
        let Outcome::Different(named) = outcome(&measured(1, &answer(false, &differences))) else {
            panic!("not different");
        };
        let word: Vec<(u64, &str)> = named
            .iter()
            .map(|(key, named)| (*key, named.kind.as_str()))
            .collect();
        assert_eq!(
            word,
            [(1, "missing"), (2, "extra"), (3, "changed"), (4, "changed")]
        );
        assert_eq!(named[&3].columns, ["note"]);
    }

    #[test]
    fn an_answer_and_an_exit_status_that_disagree_are_a_failure() {
        assert_eq!(outcome(&measured(0, &answer(true, &json!([])))), Outcome::Equal);
        let one = json!([{ "key": 1, "kind": "extra" }]);
        for (exit, equal, differences) in [(0, false, &json!([])), (1, true, &json!([])), (0, true, &one)] {
            let outcome = outcome(&measured(exit, &answer(equal, differences)));
            assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
        }
    }

    #[test]
    fn no_table_no_json_and_no_run_are_failures() {
        let empty = outcome(&measured(0, &json!({ "equal": true, "tables": [] })));
        assert_eq!(empty, Outcome::Failed("no table was compared".to_owned()));
        assert!(matches!(
            outcome(&measured(0, &json!("equal"))),
            Outcome::Failed(_)
        ));
        let could_not = outcome(&measured(2, &answer(true, &json!([]))));
        assert_eq!(
            could_not,
            Outcome::Failed("exit status 2: error: no such table".to_owned())
        );
    }
}
