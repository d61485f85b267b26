//! What a function reads from its environment, before any async work.

/// A function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// `CROSSOVER_JOURNAL_TABLE`: the DynamoDB table of the journal.
    pub journal_table: String,
    /// `CROSSOVER_NOTICE_TOPIC_ARN` (optional): the SNS topic people are told on.
    pub notice_topic_arn: Option<String>,
}

/// The environment lacks something.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the environment variable(s) {} are not set; the Terraform module `lambdas` sets them", .0.join(", "))]
pub struct ConfigurationError(pub Vec<&'static str>);

impl Configuration {
    /// Reads the variables through `lookup`; names everything that is missing at once.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigurationError> {
        let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let Some(journal_table) = given("CROSSOVER_JOURNAL_TABLE") else {
            return Err(ConfigurationError(vec!["CROSSOVER_JOURNAL_TABLE"]));
        };
        Ok(Self {
            journal_table,
            notice_topic_arn: given("CROSSOVER_NOTICE_TOPIC_ARN"),
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
}
