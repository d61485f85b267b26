//! The engines there are adapters for, by the names that plans have for them. A further engine is an adapter
//! and an entry here.

mod databases;
mod replication;

use crossover_core::{Plan, plan::EngineName};

pub use databases::{DatabaseEngine, Side};
pub use replication::CdcAdapter;

use databases::DATABASES;
use replication::CDC_ENGINES;

/// The engines of a sound plan.
pub struct Engines {
    pub source: &'static DatabaseEngine,
    pub target: &'static DatabaseEngine,
    pub replication: Box<dyn CdcAdapter>,
}

impl Engines {
    /// The engines that a plan names, with the settings of its CDC engine.
    ///
    /// # Errors
    /// Everything in the plan that cannot work, for whichever engine, sorted.
    pub fn of(plan: &Plan) -> Result<Self, Vec<String>> {
        let mut faults = plan.faults();
        let mut kept = |found: Result<_, String>| found.map_err(|fault| faults.push(fault)).ok();
        let source = kept(find(DATABASES, "source.engine", &plan.source.engine));
        let target = kept(find(DATABASES, "target.engine", &plan.target.engine));
        let replication = find(CDC_ENGINES, "replication.engine", &plan.replication.engine)
            .map_err(|fault| vec![fault])
            .and_then(|engine| (engine.read)(&plan.replication))
            .map_err(|of_engine| faults.extend(of_engine))
            .ok();
        match (source, target, replication) {
            (Some(source), Some(target), Some(replication)) if faults.is_empty() => Ok(Self {
                source,
                target,
                replication,
            }),
            _ => {
                faults.sort();
                Err(faults)
            }
        }
    }
}

/// An adapter in one of the lists of engines.
trait Named {
    fn name(&self) -> &'static str;
}

/// The engine that a field of the plan names; otherwise the fault of that field.
fn find<E: Named>(engines: &'static [E], field: &str, given: &EngineName) -> Result<&'static E, String> {
    engines
        .iter()
        .find(|engine| engine.name() == given.as_str())
        .ok_or_else(|| {
            let known: Vec<_> = engines.iter().map(Named::name).collect();
            format!("{field} is \"{given}\": use one of {}", known.join(", "))
        })
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
        Engines::of(&serde_json::from_value(plan).unwrap())
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
        value["source"]["engine"] = "no-such-database".into();
        value["scope"] = json!({"exclude": ["orders"]});
        value["replication"]["forward_tasks"] = "f".into();
        assert_eq!(
            faults(value),
            [
                "replication.forward_tasks is not known",
                "scope.exclude names \"orders\": write it as schema.table",
                "source.engine is \"no-such-database\": use one of postgresql",
            ]
        );
        let mut value = plan();
        value["replication"]["engine"] = "no-such-cdc".into();
        assert_eq!(
            faults(value),
            ["replication.engine is \"no-such-cdc\": use one of dms"]
        );
    }
}
