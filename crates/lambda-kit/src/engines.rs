//! The engines there are adapters for, by the names plans have for them.

use crossover_aws::DmsSettings;
use crossover_core::Plan;
use crossover_postgres::ENGINE as POSTGRESQL;

/// Engines of databases.
const DATABASES: &[&str] = &[POSTGRESQL];
/// Engines that carry changes.
const CARRIERS: &[&str] = &[DmsSettings::ENGINE];

/// The settings of the engine that carries changes, of a plan that is sound.
///
/// # Errors
/// Everything in the plan that cannot work, for whichever engine, sorted.
pub fn read(plan: &Plan) -> Result<DmsSettings, Vec<String>> {
    let mut faults = plan.faults();
    let mut known = |field: &str, given: &str, engines: &[&str]| {
        let is_known = engines.contains(&given);
        if !is_known {
            faults.push(format!("{field} is {given:?}: use one of {}", engines.join(", ")));
        }
        is_known
    };
    known("source.engine", plan.source.engine.as_str(), DATABASES);
    known("target.engine", plan.target.engine.as_str(), DATABASES);
    let settings = if known("replication.engine", plan.replication.engine.as_str(), CARRIERS) {
        DmsSettings::read(&plan.replication)
    } else {
        Err(Vec::new())
    };
    match settings {
        Ok(settings) if faults.is_empty() => Ok(settings),
        settings => {
            faults.extend(settings.err().unwrap_or_default());
            faults.sort();
            Err(faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plan() -> Value {
        json!({
            "migration_id": "shop", "run_id": "run-1", "lane": "main",
            "source": {"engine": "postgresql", "secret_id": "s"}, "target": {"engine": "postgresql", "secret_id": "t"},
            "replication": {
                "engine": "dms", "forward_task": "f", "reverse_task": "r", "post_rollback_task": "n",
                "replication_instance_arn": "i",
                "source_endpoints": {"read_arn": "a", "write_arn": "b"},
                "target_endpoints": {"read_arn": "c", "write_arn": "d"},
            },
            "edge": {"admin_url": "https://edge", "secret_id": "e"},
        })
    }

    fn faults(plan: Value) -> Vec<String> {
        read(&serde_json::from_value(plan).unwrap())
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn a_plan_for_engines_that_are_there_is_read() {
        assert_eq!(faults(plan()), Vec::<String>::new());
    }

    #[test]
    fn engines_and_their_settings_are_judged_all_at_once() {
        let mut value = plan();
        value["source"]["engine"] = "mysql".into();
        value["scope"] = json!({"exclude": ["orders"]});
        value["replication"]["forward_tasks"] = "f".into();
        assert_eq!(
            faults(value),
            [
                "replication.forward_tasks is not known",
                "scope.exclude names \"orders\": write it as schema.table",
                "source.engine is \"mysql\": use one of postgresql",
            ]
        );
        let mut value = plan();
        value["replication"]["engine"] = "debezium".into();
        assert_eq!(
            faults(value),
            ["replication.engine is \"debezium\": use one of dms"]
        );
    }
}
