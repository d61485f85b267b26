//! The settings of AWS DMS in a plan.

use crossover_core::{Stream, plan::ReplicationPlan, routing::Side};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `replication` of a plan whose `engine` is `dms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DmsSettings {
    /// Identifier of the task from source to target. The task exists and runs before a cutover starts.
    pub forward_task: String,
    /// Identifier of the task from target to source. A cutover creates this task; a rollback uses and then
    /// removes it.
    pub reverse_task: String,
    /// Identifier of the task from source to target that a rollback creates, so that the target follows the
    /// source again.
    pub post_rollback_task: String,
    /// ARN of the replication instance for the tasks that Crossover creates.
    pub replication_instance_arn: String,
    /// The endpoints of the source database.
    pub source_endpoints: Endpoints,
    /// The endpoints of the target database.
    pub target_endpoints: Endpoints,
    /// Output plugin of the replication slots that Crossover creates. DMS reads `test_decoding` (default) and
    /// `pglogical`.
    #[serde(default = "default_slot_plugin")]
    pub slot_plugin: String,
    /// Period of the lag metric in seconds. DMS stores one figure a minute. Default: 60.
    #[serde(default = "default_lag_period_s")]
    pub lag_period_s: u32,
}

/// The DMS endpoints of one database. An endpoint has one direction, so a database that is read and written
/// has two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// ARN of the endpoint that reads from the database. Crossover sets the slot name of this endpoint.
    pub read_arn: String,
    /// ARN of the endpoint that writes to the database.
    pub write_arn: String,
}

fn default_slot_plugin() -> String {
    "test_decoding".to_owned()
}

const fn default_lag_period_s() -> u32 {
    60
}

/// The settings with text values; `true` for required ones.
const TEXTS: &[(&str, bool)] = &[
    ("forward_task", true),
    ("reverse_task", true),
    ("post_rollback_task", true),
    ("replication_instance_arn", true),
    ("slot_plugin", false),
];
const ENDPOINTS: &[&str] = &["source_endpoints", "target_endpoints"];
const ARNS: &[(&str, bool)] = &[("read_arn", true), ("write_arn", true)];
const LAG_PERIOD: &str = "lag_period_s";

impl DmsSettings {
    /// The engine's name in a plan.
    pub const ENGINE: &'static str = "dms";

    /// Reads the settings of a plan.
    ///
    /// # Errors
    /// All faults of the settings, sorted.
    pub fn read(plan: &ReplicationPlan) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        if plan.engine.as_str() != Self::ENGINE {
            let given = plan.engine.as_str();
            faults.push(format!(
                "replication.engine is {given:?}: use \"{}\"",
                Self::ENGINE
            ));
            return Err(faults);
        }
        judge(&plan.settings, &mut faults);
        let settings = serde_json::from_value(Value::Object(plan.settings.clone()));
        faults.sort();
        match settings {
            Ok(settings) if faults.is_empty() => Ok(settings),
            Err(error) if faults.is_empty() => Err(vec![format!("replication: {error}")]),
            _ => Err(faults),
        }
    }

    pub fn into_plan(self) -> ReplicationPlan {
        let settings = match serde_json::to_value(self) {
            Ok(Value::Object(settings)) => settings,
            // A struct with named fields is always an object.
            Ok(_) | Err(_) => Map::new(),
        };
        ReplicationPlan {
            engine: crossover_core::plan::EngineName::new(Self::ENGINE),
            settings,
        }
    }

    /// Whether DMS replicates updates and deletes of a table with replica identity full: through `pglogical` it
    /// does not. Source: AWS DMS user guide, "Using PostgreSQL databases as a source", limitations.
    pub(crate) fn supports_whole_row_identity(&self) -> bool {
        self.slot_plugin != "pglogical"
    }

    /// Identifier of the stream's task.
    pub(crate) fn task(&self, stream: Stream) -> &str {
        match stream {
            Stream::Forward => &self.forward_task,
            Stream::Reverse => &self.reverse_task,
            Stream::PostRollback => &self.post_rollback_task,
        }
    }

    /// The endpoints a stream reads from and writes to.
    pub(crate) fn endpoints(&self, stream: Stream) -> (&str, &str) {
        let of = |side: Side| match side {
            Side::Source => &self.source_endpoints,
            Side::Target => &self.target_endpoints,
        };
        (&of(stream.reads()).read_arn, &of(stream.writes()).write_arn)
    }
}

/// Adds all faults of the settings.
fn judge(settings: &Map<String, Value>, faults: &mut Vec<String>) {
    let known = |key: &str| {
        TEXTS.iter().any(|(name, _)| *name == key) || ENDPOINTS.contains(&key) || key == LAG_PERIOD
    };
    for key in settings.keys().filter(|key| !known(key)) {
        faults.push(format!("replication.{key} is not known"));
    }
    texts("replication", settings, TEXTS, faults);
    for name in ENDPOINTS {
        let within = format!("replication.{name}");
        match settings.get(*name) {
            Some(Value::Object(endpoints)) => {
                for key in endpoints
                    .keys()
                    .filter(|key| ARNS.iter().all(|(arn, _)| arn != key))
                {
                    faults.push(format!("{within}.{key} is not known"));
                }
                texts(&within, endpoints, ARNS, faults);
            }
            Some(_) => faults.push(format!("{within} has to be an object")),
            None => faults.push(format!("{within} is missing")),
        }
    }
    if let Some(period) = settings.get(LAG_PERIOD)
        && !period.as_u64().is_some_and(|s| (1..=3_600).contains(&s))
    {
        faults.push(format!("replication.{LAG_PERIOD} is {period}: use 1 to 3600"));
    }
    let tasks: Vec<&str> = TEXTS[..3]
        .iter()
        .filter_map(|(name, _)| settings.get(*name)?.as_str())
        .collect();
    for (index, task) in tasks.iter().enumerate() {
        if tasks[..index].contains(task) {
            faults.push(format!(
                "replication names the task {task:?} twice: each stream needs a task of its own"
            ));
        }
    }
}

fn texts(within: &str, object: &Map<String, Value>, names: &[(&str, bool)], faults: &mut Vec<String>) {
    for (name, needed) in names {
        match object.get(*name) {
            Some(Value::String(text)) if !text.is_empty() => {}
            Some(_) => faults.push(format!("{within}.{name} has to be a text that is not empty")),
            None if *needed => faults.push(format!("{within}.{name} is missing")),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan() -> Value {
        json!({
            "engine": "dms",
            "forward_task": "f", "reverse_task": "r", "post_rollback_task": "n", "replication_instance_arn": "i",
            "source_endpoints": {"read_arn": "a", "write_arn": "b"},
            "target_endpoints": {"read_arn": "c", "write_arn": "d"},
        })
    }

    fn read(plan: Value) -> Result<DmsSettings, Vec<String>> {
        DmsSettings::read(&serde_json::from_value(plan).unwrap())
    }

    #[test]
    fn the_defaults_are_those_of_the_service() {
        let settings = read(plan()).unwrap();
        assert_eq!(
            (settings.slot_plugin.as_str(), settings.lag_period_s),
            ("test_decoding", 60)
        );
        assert_eq!(settings.endpoints(Stream::Forward), ("a", "d"));
        assert_eq!(settings.endpoints(Stream::Reverse), ("c", "b"));
        assert_eq!(settings.endpoints(Stream::PostRollback), ("a", "d"));
        assert_eq!(
            read(serde_json::to_value(settings.clone().into_plan()).unwrap()),
            Ok(settings)
        );
    }

    #[test]
    fn only_pglogical_needs_a_key() {
        let with = |plugin: &str| {
            let mut value = plan();
            value["slot_plugin"] = plugin.into();
            read(value).unwrap().supports_whole_row_identity()
        };
        assert!(read(plan()).unwrap().supports_whole_row_identity());
        assert!(with("test_decoding") && !with("pglogical"));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let mut value = plan();
        value["reverse_task"] = "f".into();
        value["slot_plugins"] = "pglogical".into();
        value["lag_period_s"] = 0.into();
        value["source_endpoints"] = json!({"read_arn": "", "write": "b"});
        value.as_object_mut().unwrap().remove("replication_instance_arn");
        value["target_endpoints"] = "c".into();
        assert_eq!(
            read(value).unwrap_err(),
            [
                "replication names the task \"f\" twice: each stream needs a task of its own",
                "replication.lag_period_s is 0: use 1 to 3600",
                "replication.replication_instance_arn is missing",
                "replication.slot_plugins is not known",
                "replication.source_endpoints.read_arn has to be a text that is not empty",
                "replication.source_endpoints.write is not known",
                "replication.source_endpoints.write_arn is missing",
                "replication.target_endpoints has to be an object",
            ]
        );
    }

    #[test]
    fn the_error_for_another_engine_names_that_engine() {
        let mut value = plan();
        value["engine"] = "debezium".into();
        let faults = read(value).unwrap_err();
        assert!(faults.len() == 1 && faults[0].contains("debezium"), "{faults:?}");
    }
}
