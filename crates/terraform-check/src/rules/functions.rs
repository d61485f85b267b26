//! Functions, state machines and their logs.

use hcl_edit::Number;

use super::{Rule, each};
use crate::block::{is_bool, is_text, nested, texts, value};

pub const LOGS: Rule = Rule {
    name: "log-retention",
    about: "log groups say how long they keep their lines",
    check: |module, findings| {
        each(module, "aws_cloudwatch_log_group", findings, |_, block| {
            let kept = value(&block.body, "retention_in_days")
                .is_some_and(|days| days.as_number().and_then(Number::as_u64) != Some(0));
            (!kept).then(|| {
                "retention_in_days is missing; lines would be kept, and paid for, for ever".to_owned()
            })
        });
    },
};

pub const FUNCTIONS: Rule = Rule {
    name: "function-complete",
    about: "functions state architecture, memory and timeout, trace their calls and log JSON",
    check: |module, findings| {
        each(module, "aws_lambda_function", findings, |_, block| {
            let body = &block.body;
            let mut missing: Vec<&str> = ["architectures", "memory_size", "timeout"]
                .into_iter()
                .filter(|key| value(body, key).is_none())
                .collect();
            let x86 = value(body, "architectures")
                .is_some_and(|list| texts(list).iter().any(|text| text.text != "arm64"));
            missing.extend(x86.then_some("architectures = [\"arm64\"], for which the program is built"));
            let traced = nested(body, "tracing_config")
                .iter()
                .any(|tracing| is_text(tracing, "mode", "Active"));
            missing.extend((!traced).then_some("tracing_config { mode = \"Active\" }"));
            let json = nested(body, "logging_config")
                .iter()
                .any(|logging| is_text(logging, "log_format", "JSON"));
            missing.extend((!json).then_some("logging_config { log_format = \"JSON\" }"));
            (!missing.is_empty()).then(|| format!("lacks {}", missing.join(", ")))
        });
    },
};

pub const MACHINES: Rule = Rule {
    name: "machine-logs-no-data",
    about: "state machines log their states, but never the data of an execution, which contains the plan",
    check: |module, findings| {
        each(module, "aws_sfn_state_machine", findings, |_, block| {
            let logging = nested(&block.body, "logging_configuration");
            if logging.is_empty() {
                return Some("logging_configuration is missing".to_owned());
            }
            logging.iter().find_map(|logging| {
                if !is_bool(logging, "include_execution_data", false) {
                    return Some("include_execution_data = false is missing; the log would contain the data of every state".to_owned());
                }
                let silent = value(logging, "level").is_none() || is_text(logging, "level", "OFF");
                silent.then(|| "logging_configuration needs a level other than OFF".to_owned())
            })
        });
    },
};
