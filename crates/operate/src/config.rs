//! `crossover.toml`: the file of one migration. It holds references only, never a secret.
//!
//! `[plan]` is the plan of the state machines without `run_id`, of which each run gets a new one, and without `dry_run`,
//! which is an option of the command.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crossover_aws::DmsSettings;
use crossover_core::{Direction, Plan, UnixMillis};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use url::Url;

use crate::{
    error::{OperateError, Result},
    kind::Kind,
};

/// What the command needs to know of AWS. Credentials come from the environment, as for every AWS tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsSettings {
    /// Default: the region of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The address of every AWS service, for a rehearsal: only a loopback address is accepted. Default: AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// The address of DMS, where it is another one. Default: `endpoint_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dms_endpoint_url: Option<String>,
    /// ARN of the state machine of the cutover.
    pub cutover: String,
    /// ARN of the state machine of the rollback.
    pub rollback: String,
    /// The DynamoDB table of the journal.
    pub journal_table: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    aws: AwsSettings,
    plan: Table,
}

/// A migration whose file has been read and is sound.
#[derive(Debug, Clone)]
pub struct Migration {
    pub path: PathBuf,
    pub aws: AwsSettings,
    plan: Plan,
}

/// Fields of a plan that a file must not set, and where they come from.
const NOT_IN_A_FILE: [(&str, &str); 2] = [
    ("run_id", "each run gets a new one; --run-id sets it"),
    ("dry_run", "use --dry-run"),
];

impl Migration {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, or all that is wrong with it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|source| OperateError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self> {
        let unsound = |faults| OperateError::Config {
            path: path.to_owned(),
            faults,
        };
        let file: File =
            toml::from_str(text).map_err(|e| unsound(vec![e.to_string().trim_end().to_owned()]))?;
        let mut faults = file.aws.faults();
        for (field, instead) in NOT_IN_A_FILE {
            if file.plan.contains_key(field) {
                faults.push(format!("plan.{field} does not belong in the file: {instead}"));
            }
        }
        let mut table = file.plan;
        table.insert("run_id".to_owned(), Value::from("check"));
        table.remove("dry_run");
        let plan = table.try_into::<Plan>();
        match plan {
            Err(error) => faults.push(format!(
                "plan: {}",
                error.to_string().trim_end().replace('\n', " ")
            )),
            Ok(plan) => {
                faults.extend(plan_faults(&plan));
                if faults.is_empty() {
                    return Ok(Self {
                        path: path.to_owned(),
                        aws: file.aws,
                        plan,
                    });
                }
            }
        }
        Err(unsound(faults))
    }

    /// The plan of one run.
    ///
    /// # Errors
    /// The run id is not permitted.
    pub fn plan(&self, run_id: &str, dry_run: bool) -> Result<Plan> {
        let plan = Plan {
            run_id: run_id.to_owned(),
            dry_run,
            ..self.plan.clone()
        };
        let faults = plan.faults();
        if faults.is_empty() {
            Ok(plan)
        } else {
            Err(OperateError::Config {
                path: self.path.clone(),
                faults,
            })
        }
    }

    /// The plan without a run.
    pub const fn template(&self) -> &Plan {
        &self.plan
    }

    /// The state machine of a direction.
    pub fn machine(&self, direction: Direction) -> &str {
        match direction {
            Direction::Forward => &self.aws.cutover,
            Direction::Reverse => &self.aws.rollback,
        }
    }

    /// A name for a new run: the migration, what it does, and the time in UTC, which sorts.
    pub fn new_run_id(&self, kind: Kind, now: UnixMillis) -> String {
        let what = kind.word();
        let time = i64::try_from(now.0)
            .ok()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
            .map(|time| time.strftime("%Y%m%d-%H%M%S").to_string())
            .unwrap_or_default();
        format!("{}-{what}-{time}", self.plan.migration_id)
    }
}

/// A file for a plan and its AWS. Fields that a file does not have are left out.
pub fn text(aws: &AwsSettings, plan: &Plan) -> String {
    #[derive(Serialize)]
    struct Written<'a> {
        aws: &'a AwsSettings,
        plan: Table,
    }
    let mut table = Table::try_from(plan).unwrap_or_default();
    for (field, _) in NOT_IN_A_FILE {
        table.remove(field);
    }
    toml::to_string(&Written { aws, plan: table }).unwrap_or_default()
}

/// The name of the file where none is given.
pub const DEFAULT_FILE: &str = "crossover.toml";

/// ` --config FILE` for a command that is shown; empty for the default file.
pub fn option(path: &Path) -> String {
    if path.as_os_str() == DEFAULT_FILE {
        String::new()
    } else {
        format!(" --config {}", path.display())
    }
}

fn plan_faults(plan: &Plan) -> Vec<String> {
    let mut faults: Vec<String> = plan
        .faults()
        .into_iter()
        .map(|fault| format!("plan: {fault}"))
        .collect();
    let engine = &plan.replication.engine;
    if engine.as_str() == DmsSettings::ENGINE {
        let of_engine = DmsSettings::read(&plan.replication).err().unwrap_or_default();
        faults.extend(of_engine.into_iter().map(|fault| format!("plan: {fault}")));
    } else {
        faults.push(format!(
            "plan: replication.engine is \"{engine}\": use {}",
            DmsSettings::ENGINE
        ));
    }
    faults
}

impl AwsSettings {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (field, arn) in [("cutover", &self.cutover), ("rollback", &self.rollback)] {
            if !is_state_machine(arn) {
                faults.push(format!(
                    "aws.{field} is {arn:?}: give the ARN of a state machine, arn:aws:states:REGION:ACCOUNT:stateMachine:NAME"
                ));
            }
        }
        if self.cutover == self.rollback {
            faults.push("aws.cutover and aws.rollback are the same state machine".to_owned());
        }
        if self.journal_table.is_empty() {
            faults
                .push("aws.journal_table is empty: give the name of the journal's DynamoDB table".to_owned());
        }
        let addresses = [
            ("endpoint_url", &self.endpoint_url),
            ("dms_endpoint_url", &self.dms_endpoint_url),
        ];
        for (field, address) in addresses {
            if address.as_deref().is_some_and(|address| !is_loopback(address)) {
                faults.push(format!(
                    "aws.{field} is not a loopback address such as http://127.0.0.1:4566: leave it out to use AWS"
                ));
            }
        }
        faults
    }
}

fn is_state_machine(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts.as_slice(), ["arn", partition, "states", region, account, "stateMachine", name]
        if partition.starts_with("aws") && !region.is_empty() && !name.is_empty()
            && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
}

/// `http://` and a host of this machine.
fn is_loopback(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| {
        url.scheme() == "http" && url.host_str().is_some_and(crossover_core::routing::is_loopback)
    })
}

#[cfg(test)]
mod tests;
