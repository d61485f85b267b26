//! What a function reads from its environment, before any async work.

use crossover_core::StageName;

/// A function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// `_HANDLER`: the stage it serves. Lambda itself sets it to the handler of the function's settings.
    pub stage: StageName,
    /// `CROSSOVER_JOURNAL_TABLE`: the DynamoDB table of the journal.
    pub journal_table: String,
    /// `CROSSOVER_NOTICE_TOPIC_ARN` (optional): the SNS topic people are told on.
    pub notice_topic_arn: Option<String>,
    /// `CROSSOVER_LOG` (optional): `error`, `warn`, `info` (default), `debug` or `trace`.
    pub log_level: tracing::Level,
}

/// The environment is not what the function needs; every fault is named.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the function's environment cannot work: {}; set these variables in the function's configuration", .0.join("; "))]
pub struct ConfigurationError(pub Vec<String>);

impl Configuration {
    /// Reads the variables through `lookup`; names everything that is wrong at once.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigurationError> {
        let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let mut faults = Vec::new();
        let stage = given("_HANDLER").unwrap_or_default().parse();
        if let Err(error) = &stage {
            faults.push(format!(
                "the function's handler (_HANDLER) must name the stage it serves: {error}"
            ));
        }
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
        match stage {
            Ok(stage) if faults.is_empty() => Ok(Self {
                stage,
                journal_table,
                notice_topic_arn: given("CROSSOVER_NOTICE_TOPIC_ARN"),
                log_level,
            }),
            _ => Err(ConfigurationError(faults)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let error = Configuration::read(|_| Some(String::new())).unwrap_err();
        assert!(error.to_string().contains("CROSSOVER_JOURNAL_TABLE"));
        assert!(error.to_string().contains("_HANDLER"));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let error =
            Configuration::read(|name| (name == "CROSSOVER_LOG").then(|| "loud".to_owned())).unwrap_err();
        assert_eq!(error.0.len(), 3, "{error}");
    }

    #[test]
    fn the_handler_is_the_stage_to_serve() {
        let read = |handler: &'static str| {
            Configuration::read(|name| match name {
                "_HANDLER" => Some(handler.to_owned()),
                "CROSSOVER_JOURNAL_TABLE" => Some("journal".to_owned()),
                _ => None,
            })
        };
        for stage in StageName::ALL {
            assert_eq!(read(stage.as_str()).unwrap().stage, *stage);
        }
        let error = read("bootstrap").unwrap_err().to_string();
        for words in ["_HANDLER", "\"bootstrap\"", "pre-check, lag-wait, "] {
            assert!(error.contains(words), "{words} is not in {error}");
        }
    }
}
