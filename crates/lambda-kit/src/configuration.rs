//! What a function reads from its environment, before any async work.

/// A function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// `CROSSOVER_JOURNAL_TABLE`: the DynamoDB table of the journal.
    pub journal_table: String,
    /// `CROSSOVER_NOTICE_TOPIC_ARN` (optional): the SNS topic people are told on.
    pub notice_topic_arn: Option<String>,
    /// `CROSSOVER_LOG` (optional): `error`, `warn`, `info` (default), `debug` or `trace`.
    pub log_level: tracing::Level,
}

/// The environment is not what the function needs; every fault is named.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the function's environment cannot work: {}; the Terraform module `lambdas` sets it", .0.join("; "))]
pub struct ConfigurationError(pub Vec<String>);

impl Configuration {
    /// Reads the variables through `lookup`; names everything that is wrong at once.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigurationError> {
        let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let mut faults = Vec::new();
        let journal_table = given("CROSSOVER_JOURNAL_TABLE").unwrap_or_else(|| {
            faults.push("CROSSOVER_JOURNAL_TABLE is not set".to_owned());
            String::new()
        });
        let level = given("CROSSOVER_LOG").unwrap_or_else(|| "info".to_owned());
        let log_level = level.parse().unwrap_or_else(|_| {
            faults.push(format!(
                "CROSSOVER_LOG is {level:?}: use error, warn, info, debug or trace"
            ));
            tracing::Level::INFO
        });
        if !faults.is_empty() {
            return Err(ConfigurationError(faults));
        }
        Ok(Self {
            journal_table,
            notice_topic_arn: given("CROSSOVER_NOTICE_TOPIC_ARN"),
            log_level,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let error = Configuration::read(|_| Some(String::new())).unwrap_err();
        assert!(error.to_string().contains("CROSSOVER_JOURNAL_TABLE"));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let error =
            Configuration::read(|name| (name == "CROSSOVER_LOG").then(|| "loud".to_owned())).unwrap_err();
        assert_eq!(error.0.len(), 2, "{error}");
    }
}
