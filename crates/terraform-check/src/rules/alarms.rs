//! Alarms.

use super::{Rule, each};
use crate::block::value;

pub const COMPLETE: Rule = Rule {
    name: "alarm-complete",
    about: "alarms state comparison_operator and evaluation_periods, which newer providers no longer demand",
    check: |module, findings| {
        for key in ["comparison_operator", "evaluation_periods"] {
            each(module, "aws_cloudwatch_metric_alarm", findings, |_, block| {
                value(&block.body, key)
                    .is_none()
                    .then(|| format!("{key} is missing; the alarm would be refused when it is created"))
            });
        }
    },
};

pub const MISSING_DATA: Rule = Rule {
    name: "alarm-missing-data",
    about: "alarms state what a missing figure means: unknown is failure, unless decided otherwise",
    check: |module, findings| {
        each(module, "aws_cloudwatch_metric_alarm", findings, |_, block| {
            value(&block.body, "treat_missing_data").is_none().then(|| {
                "treat_missing_data is missing; by default a figure that stops coming raises no alarm"
                    .to_owned()
            })
        });
    },
};
