//! The cost of a comparison by functions, and tables for which a function would run too long.

use crossover_verify::{Estimate, Range};
use serde::Serialize;

/// Memory of the validate function in GB, as terraform deploys it.
const LAMBDA_GB: f64 = 0.5;
/// AWS Lambda, x86, us-east-1: <https://aws.amazon.com/lambda/pricing/>, USD for a GB-second and for a
/// million requests.
const USD_PER_GB_SECOND: f64 = 0.000_016_666_7;
const USD_PER_MILLION_REQUESTS: f64 = 0.20;
/// Time limit of a Lambda function:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const LAMBDA_MINUTES: f64 = 15.0;
/// AWS Step Functions, standard workflow, us-east-1: <https://aws.amazon.com/step-functions/pricing/>, USD
/// for a thousand state transitions; a partition of a Distributed Map is a child execution of about four.
const USD_PER_THOUSAND_TRANSITIONS: f64 = 0.025;
const TRANSITIONS_PER_FUNCTION: f64 = 4.0;

/// An estimate with its price, as in the JSON output.
#[derive(Debug, Serialize)]
pub struct Priced {
    #[serde(flatten)]
    pub estimate: Estimate,
    /// Cost of Lambda and Step Functions, without the databases.
    pub cost_usd: Range,
}

impl Priced {
    pub fn new(mut estimate: Estimate) -> Self {
        let seconds = estimate.hours.scaled(3_600.0 * f64::from(estimate.workers));
        let compute = seconds.scaled(LAMBDA_GB * USD_PER_GB_SECOND);
        let functions = estimate.functions as f64;
        let requests = functions * USD_PER_MILLION_REQUESTS / 1e6
            + functions * TRANSITIONS_PER_FUNCTION * USD_PER_THOUSAND_TRANSITIONS / 1e3;
        estimate.assumptions.push(format!(
            "functions of {LAMBDA_GB} GB; Lambda and Step Functions at us-east-1 list prices; databases and traffic between them not \
             included"
        ));
        let likely = estimate.rows_per_second.likely;
        let too_long: Vec<&str> = estimate
            .tables
            .iter()
            .filter(|t| t.function_minutes(likely) > LAMBDA_MINUTES)
            .map(|t| t.name.as_str())
            .collect();
        if !too_long.is_empty() {
            let warning = format!(
                "one function would run for more than the {LAMBDA_MINUTES} minutes Lambda allows for {}: compare it with the \
                 command, near the databases",
                too_long.join(", ")
            );
            estimate.warnings.insert(0, warning);
        }
        Self {
            cost_usd: Range {
                low: compute.low + requests,
                likely: compute.likely + requests,
                high: compute.high + requests,
            },
            estimate,
        }
    }
}

#[cfg(test)]
mod tests {
    use crossover_verify::TableEstimate;

    use super::*;

    fn estimate(functions: u64, workers: u32) -> Estimate {
        let rate = 50_000.0;
        let rows = 90_000_000;
        let exactly = |figure: f64| Range {
            low: figure,
            likely: figure,
            high: figure,
        };
        Estimate {
            tables: vec![TableEstimate {
                name: "t".into(),
                rows,
                bytes: 0,
                chunks: 900,
                functions,
                rows_per_second: Some(rate),
            }],
            could_not_run: Vec::new(),
            rows,
            bytes: 0,
            chunks: 900,
            functions,
            longest_function_minutes: 0.0,
            workers,
            measured_rows: 1,
            rows_per_second: exactly(rate),
            hours: exactly(0.5 / f64::from(workers)),
            assumptions: Vec::new(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn functions_that_run_at_once_cost_as_much_as_one_after_the_other() {
        let cost = |workers| Priced::new(estimate(10, workers)).cost_usd.likely;
        assert!((cost(1) - cost(4)).abs() < 1e-9);
        // 1800 s of half a GB, 10 requests and 40 transitions.
        assert!(
            (cost(1) - (0.015_000_03 + 0.000_002 + 0.001)).abs() < 1e-9,
            "{}",
            cost(1)
        );
    }

    #[test]
    fn a_function_that_would_run_too_long_is_reported() {
        let warned = |functions| {
            let warnings = Priced::new(estimate(functions, 1)).estimate.warnings;
            warnings
                .iter()
                .any(|w| w.contains("15 minutes Lambda allows for t:"))
        };
        assert!(warned(1));
        assert!(!warned(2));
    }
}
