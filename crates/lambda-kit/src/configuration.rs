//! The settings that a function reads from its environment, before any async work.

use std::sync::Arc;

use crossover_core::{AnyStage, Registry};

/// A function's environment.
#[derive(Clone)]
pub struct Configuration {
    /// `_HANDLER`: the stage to serve. Lambda sets the variable to the handler in the function's
    /// configuration.
    pub stage: Arc<dyn AnyStage>,
    /// `CROSSOVER_JOURNAL_TABLE`: the DynamoDB table of the journal.
    pub journal_table: String,
    /// `CROSSOVER_NOTICE_TOPIC_ARN` (optional): the SNS topic for notices to operators.
    pub notice_topic_arn: Option<String>,
    /// `CROSSOVER_LOG` (optional): `error`, `warn`, `info` (default), `debug` or `trace`.
    pub log_level: tracing::Level,
}

/// The environment lacks something the function needs; the message names every fault.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the function's environment is incomplete or invalid: {}; set these variables in the function's configuration", .0.join("; "))]
pub struct ConfigurationError(pub Vec<String>);

impl Configuration {
    /// Reads the variables through `lookup`; reports all faults at once.
    pub fn read(
        stages: &Registry,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigurationError> {
        let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let mut faults = Vec::new();
        let stage = stages.get(&given("_HANDLER").unwrap_or_default());
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
    use async_trait::async_trait;
    use crossover_core::{Stage, StageContext, StageError, StageName};

    use super::*;

    struct Named<const ABORT: bool>;

    #[async_trait]
    impl<const ABORT: bool> Stage for Named<ABORT> {
        const NAME: StageName = StageName::new(if ABORT { "abort" } else { "rollback" });
        const PURPOSE: &'static str = "";
        type Input = ();
        type Output = ();

        async fn run(&self, _ctx: &StageContext, (): ()) -> Result<(), StageError> {
            Ok(())
        }
    }

    fn stages() -> Registry {
        Registry::default().with(Named::<true>).with(Named::<false>)
    }

    fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Configuration, ConfigurationError> {
        Configuration::read(&stages(), lookup)
    }

    fn read_with_handler(handler: &str) -> Result<Configuration, ConfigurationError> {
        read(|name| match name {
            "_HANDLER" => Some(handler.to_owned()),
            "CROSSOVER_JOURNAL_TABLE" => Some("journal".to_owned()),
            _ => None,
        })
    }

    fn refusal(read: Result<Configuration, ConfigurationError>) -> ConfigurationError {
        match read {
            Ok(_) => panic!("the environment was accepted"),
            Err(error) => error,
        }
    }

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let error = refusal(read(|_| Some(String::new()))).to_string();
        assert!(error.contains("CROSSOVER_JOURNAL_TABLE"));
        assert!(error.contains("_HANDLER"));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let error = refusal(read(|name| (name == "CROSSOVER_LOG").then(|| "loud".to_owned())));
        assert_eq!(error.0.len(), 3, "{error}");
    }

    #[test]
    fn the_handler_is_the_stage_to_serve() {
        for name in stages().names() {
            let Ok(configuration) = read_with_handler(name.as_str()) else {
                panic!("{name} was refused");
            };
            assert_eq!(configuration.stage.name(), name);
        }
    }

    #[test]
    fn no_stage_is_served_under_the_name_of_another() {
        let error = refusal(read_with_handler("bootstrap")).to_string();
        for words in ["_HANDLER", "\"bootstrap\"", "abort, rollback"] {
            assert!(error.contains(words), "{words} is not in {error}");
        }
    }
}
