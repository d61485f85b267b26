//! From rates to hours, functions and money.

use super::{
    Estimate, Range, TableEstimate,
    measure::{Sample, rate},
};
use crate::run::CouldNotRun;

/// Memory of the validate function in GB, as terraform deploys it.
const LAMBDA_GB: f64 = 0.5;
/// AWS Lambda, x86, us-east-1: <https://aws.amazon.com/lambda/pricing/>, USD for a GB-second and for a million requests.
const USD_PER_GB_SECOND: f64 = 0.000_016_666_7;
const USD_PER_MILLION_REQUESTS: f64 = 0.20;
/// A Lambda function's longest run: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const LAMBDA_MINUTES: f64 = 15.0;
/// AWS Step Functions, standard workflow, us-east-1: <https://aws.amazon.com/step-functions/pricing/>, USD for a thousand state
/// transitions; an assignment of a Distributed Map is a child execution of about four.
const USD_PER_THOUSAND_TRANSITIONS: f64 = 0.025;
const TRANSITIONS_PER_FUNCTION: f64 = 4.0;

/// `samples` were measured `jobs` at a time; `workers` will be under way.
pub(super) fn summed_up(
    tables: Vec<TableEstimate>,
    could_not_run: Vec<CouldNotRun>,
    samples: &[Sample],
    (jobs, workers): (usize, u32),
) -> Estimate {
    let measured_rows = samples.iter().map(|s| s.rows).sum();
    let measured_ms: u64 = samples.iter().map(|s| s.ms).sum();
    let likely = rate(measured_rows, measured_ms);
    // Chunks of a thousand rows and more tell a rate; smaller ones mostly tell the round trip.
    let telling = samples
        .iter()
        .filter(|s| s.rows >= 1_000)
        .map(|s| rate(s.rows, s.ms));
    let slowest = telling.clone().fold(likely, f64::min);
    let quickest = telling.fold(likely, f64::max);
    let seconds = |fallback: f64, factor: f64| -> f64 {
        tables
            .iter()
            .map(|t| t.rows as f64 / (t.rows_per_second.unwrap_or(fallback) * factor).max(1.0))
            .sum::<f64>()
    };
    let work = Range {
        low: seconds(likely, quickest / likely.max(1.0)),
        likely: seconds(likely, 1.0),
        high: seconds(likely, slowest / likely.max(1.0)),
    };
    let chunks: u64 = tables.iter().map(|t| t.chunks).sum();
    let functions: u64 = tables.iter().map(|t| t.functions).sum();
    let requests = functions as f64 * USD_PER_MILLION_REQUESTS / 1e6
        + functions as f64 * TRANSITIONS_PER_FUNCTION * USD_PER_THOUSAND_TRANSITIONS / 1e3;
    let minutes = |t: &TableEstimate| {
        let rows = t.rows.div_ceil(t.functions.max(1)) as f64;
        rows / t.rows_per_second.unwrap_or(likely).max(1.0) / 60.0
    };
    let too_long: Vec<&str> = tables
        .iter()
        .filter(|t| minutes(t) > LAMBDA_MINUTES)
        .map(|t| t.name.as_str())
        .collect();
    let longest_function_minutes = tables.iter().map(minutes).fold(0.0, f64::max);
    let compute = work.scaled(LAMBDA_GB * USD_PER_GB_SECOND);
    let assumptions = vec![
        "rows as the statistics have them; ANALYZE makes them better".to_owned(),
        format!(
            "low and high are those of the quickest and the slowest of {} measured chunks",
            samples.len()
        ),
        format!(
            "each of {workers} chunks at a time is hashed as quickly as each of the {jobs} that were measured together: both servers have the cores for it"
        ),
        format!(
            "functions of {LAMBDA_GB} GB; Lambda and Step Functions at us-east-1 list prices; databases and traffic between them not included"
        ),
    ];
    let mut warnings = Vec::new();
    if !too_long.is_empty() {
        warnings.push(format!(
            "one function would run for more than the {LAMBDA_MINUTES} minutes Lambda allows for {}: compare it with the command, near the databases",
            too_long.join(", ")
        ));
    }
    let expected = tables.iter().map(|t| t.rows).sum::<u64>() / chunks.max(1) * samples.len() as u64;
    if measured_rows < expected / 10 {
        warnings.push(format!(
            "{measured_rows} rows were in the measured chunks, where the statistics let expect {expected}: the rate mostly tells the round trip; ANALYZE both sides"
        ));
    }
    Estimate {
        rows: tables.iter().map(|t| t.rows).sum(),
        bytes: tables.iter().map(|t| t.bytes).sum(),
        chunks,
        functions,
        longest_function_minutes,
        workers,
        measured_rows,
        rows_per_second: Range {
            low: slowest,
            likely,
            high: quickest,
        },
        hours: work.scaled(1.0 / 3_600.0 / f64::from(workers)),
        cost_usd: Range {
            low: compute.low + requests,
            likely: compute.likely + requests,
            high: compute.high + requests,
        },
        assumptions,
        warnings,
        tables,
        could_not_run,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: u64, rate: Option<f64>) -> TableEstimate {
        TableEstimate {
            name: "t".into(),
            rows,
            bytes: 0,
            chunks: rows / 1_000,
            functions: 400,
            rows_per_second: rate,
        }
    }

    #[test]
    fn hours_follow_from_rows_rate_and_workers() {
        let samples = [
            Sample {
                rows: 10_000,
                ms: 100,
            },
            Sample {
                rows: 10_000,
                ms: 300,
            },
        ];
        let one = summed_up(
            vec![table(360_000_000, Some(50_000.0))],
            Vec::new(),
            &samples,
            (1, 1),
        );
        assert!((one.hours.likely - 2.0).abs() < 1e-9, "{:?}", one.hours);
        assert!(one.hours.low < one.hours.likely && one.hours.likely < one.hours.high);
        let four = summed_up(
            vec![table(360_000_000, Some(50_000.0))],
            Vec::new(),
            &samples,
            (1, 4),
        );
        assert!((four.hours.likely - 0.5).abs() < 1e-9);
        assert!((four.cost_usd.likely - one.cost_usd.likely).abs() < 1e-9);
    }

    #[test]
    fn statistics_that_are_far_off_are_told() {
        let warnings = |rows: u64| {
            let samples = [Sample { rows, ms: 10 }, Sample { rows, ms: 10 }];
            summed_up(vec![table(50_000, Some(9_000.0))], Vec::new(), &samples, (2, 2)).warnings
        };
        assert!(warnings(101).is_empty(), "{:?}", warnings(101));
        assert!(warnings(99)[0].contains("ANALYZE"), "{:?}", warnings(99));
    }

    #[test]
    fn a_function_that_would_run_too_long_is_told() {
        let samples = [Sample {
            rows: 50_000,
            ms: 1_000,
        }];
        let told = |functions: u64| {
            let long = TableEstimate {
                functions,
                ..table(90_000_000, Some(50_000.0))
            };
            let estimate = summed_up(vec![long, table(1_000, None)], Vec::new(), &samples, (1, 1));
            let told = estimate
                .warnings
                .iter()
                .any(|a| a.contains("15 minutes Lambda allows for t:"));
            (estimate.longest_function_minutes, told)
        };
        assert_eq!(told(1), (30.0, true));
        assert_eq!(told(2), (15.0, false));
    }
}
