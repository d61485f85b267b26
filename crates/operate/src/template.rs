//! A commented `crossover.toml`, from what Terraform has created.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Table;

use crate::{
    config::{AwsSettings, DEFAULT_FILE, Migration},
    error::{OperateError, Result},
};

/// The output `crossover` of an environment in `terraform/environments`.
#[derive(Debug, Clone, Deserialize)]
pub struct Outputs {
    state_machines: BTreeMap<String, String>,
    journal_table: String,
    secrets: BTreeMap<String, String>,
    replication: BTreeMap<String, Table>,
}

/// What Terraform does not know.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Default: the only migration of the environment.
    pub migration: Option<String>,
    /// Default: `main`.
    pub lane: Option<String>,
    pub admin_url: Option<String>,
}

/// The default lane.
const LANE: &str = "main";
/// The keys of the secrets in the environment.
const SECRETS: [&str; 3] = ["source", "target", "edge"];

/// The text of the file.
///
/// # Errors
/// Everything that is missing, at once.
pub fn fill(outputs: &Outputs, answers: &Answers) -> Result<String> {
    let mut faults = Vec::new();
    let mut found =
        |what: Result<String, String>| what.map_err(|fault| faults.push(fault)).unwrap_or_default();
    let machine = |name: &str| {
        let arn = outputs.state_machines.get(name).cloned();
        arn.ok_or_else(|| format!("the output has no state machine {name}"))
    };
    let secret = |key: &str| {
        let name = outputs.secrets.get(key).cloned();
        name.ok_or_else(|| format!("the output has no secret called {key}"))
    };
    let cutover = found(machine("cutover"));
    let rollback = found(machine("rollback"));
    let [source, target, edge] = SECRETS.map(|key| found(secret(key)));
    let migration = found(migration(outputs, answers));
    let admin_url = found(answers.admin_url.clone().ok_or_else(|| {
        "the address of the edge's admin API is not known: give --admin-url https://…".to_owned()
    }));
    if !faults.is_empty() {
        return Err(OperateError::Incomplete(faults));
    }
    let region = cutover.split(':').nth(3).unwrap_or_default().to_owned();
    let aws = AwsSettings {
        region: Some(region),
        endpoint_url: None,
        dms_endpoint_url: None,
        cutover,
        rollback,
        journal_table: outputs.journal_table.clone(),
    };
    let replication = outputs.replication.get(&migration).cloned().unwrap_or_default();
    let lane = answers.lane.as_deref().unwrap_or(LANE);
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let text = format!(
        "# The migration {migration}: what `crossover plan`, `run`, `status`, `abort` and `rollback` need. It holds names and
# references, never a secret. Every field: docs/operate.md and docs/schema/plan.json.

[aws]
{aws}
[plan]
migration_id = {id}
lane = {lane}
# Roles that the cutover does not lock: exempt_roles = [\"replication\"]. With monitored_as = \"rds/INSTANCE\" lag-wait also looks at the CPU.
source = {{ engine = \"postgresql\", secret_id = {source} }}
target = {{ engine = \"postgresql\", secret_id = {target} }}
edge = {{ admin_url = {admin_url}, secret_id = {edge} }}
# What happens to writes that do not end in time: \"abort\" (no client sees an error) or \"end\".
on_stragglers = \"abort\"
# Which writes wait at the edge during the pause: \"all\", or \"keyed\" (those with the header idempotency-key; the others get 503, \"not executed\").
hold = \"all\"

# A cutover waits for `crossover approve` before it changes anything, this many seconds.
# [plan.approval]
# expires_after_s = 3600

# Only these schemas, without these tables. Default: every user schema.
# [plan.scope]
# schemas = [\"public\"]
# exclude = [\"public.sessions\"]

# Times in milliseconds; these are the defaults.
# [plan.limits]
# max_lag_ms = 2000
# lag_wait_ms = 600000
# hold_ms = 8000
# drain_grace_ms = 2000

[plan.replication]
{replication}",
        aws = toml::to_string(&aws).unwrap_or_default(),
        id = quoted(&migration),
        lane = quoted(lane),
        source = quoted(&source),
        target = quoted(&target),
        edge = quoted(&edge),
        admin_url = quoted(&admin_url),
        replication = toml::to_string(&replication).unwrap_or_default().replace("\n[", "\n[plan.replication."),
    );
    Migration::parse(DEFAULT_FILE.as_ref(), &text)?;
    Ok(text)
}

fn migration(outputs: &Outputs, answers: &Answers) -> Result<String, String> {
    let known = || {
        outputs
            .replication
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (&answers.migration, outputs.replication.len()) {
        (Some(given), _) if outputs.replication.contains_key(given) => Ok(given.clone()),
        (Some(given), _) => Err(format!(
            "the environment has no migration {given}; it has: {}",
            known()
        )),
        (None, 1) => Ok(known()),
        (None, 0) => {
            Err("the environment has no migration: add one to its variable `replication`".to_owned())
        }
        (None, _) => Err(format!(
            "name one of the migrations with --migration: {}",
            known()
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outputs() -> serde_json::Value {
        let arn = |name: &str| format!("arn:aws:states:eu-central-1:123456789012:stateMachine:{name}");
        json!({
            "state_machines": { "cutover": arn("c"), "rollback": arn("r"), "verify": arn("v") },
            "journal_table": "shop-journal",
            "secrets": { "source": "shop/source", "target": "shop/target", "edge": "shop/edge" },
            "replication": { "shop": {
                "engine": "dms", "forward_task": "f", "reverse_task": "r", "post_rollback_task": "p",
                "replication_instance_arn": "i", "slot_plugin": "test_decoding",
                "source_endpoints": { "read_arn": "a", "write_arn": "b" },
                "target_endpoints": { "read_arn": "c", "write_arn": "d" },
            } },
            "alarms": [],
        })
    }

    fn filled(outputs: &serde_json::Value, answers: &Answers) -> Result<String> {
        fill(&serde_json::from_value(outputs.clone()).unwrap(), answers)
    }

    fn sound() -> Answers {
        Answers {
            admin_url: Some("https://shop.example.com".to_owned()),
            ..Answers::default()
        }
    }

    #[test]
    fn the_file_is_sound_and_has_what_terraform_created() {
        let text = filled(&outputs(), &sound()).unwrap();
        let migration = Migration::parse(DEFAULT_FILE.as_ref(), &text).unwrap();
        let plan = migration.template();
        assert_eq!((plan.migration_id.as_str(), plan.lane.as_str()), ("shop", "main"));
        assert_eq!(plan.target.secret_id, "shop/target");
        assert_eq!(migration.aws.region.as_deref(), Some("eu-central-1"));
        assert_eq!(plan.replication.settings["target_endpoints"]["write_arn"], "d");
        assert!(text.contains("# drain_grace_ms = 2000"), "{text}");
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let mut outputs = outputs();
        outputs["state_machines"] = json!({});
        outputs["secrets"] = json!({ "source": "s" });
        outputs["replication"]["again"] = json!({});
        let refusal = filled(&outputs, &Answers::default()).unwrap_err().to_string();
        for words in [
            "state machine cutover",
            "secret called edge",
            "--migration: again, shop",
            "--admin-url",
        ] {
            assert!(refusal.contains(words), "{words} is not in {refusal}");
        }
        let unknown = Answers {
            migration: Some("other".to_owned()),
            ..sound()
        };
        assert!(
            filled(&outputs, &unknown)
                .unwrap_err()
                .to_string()
                .contains("no migration other")
        );
    }
}
