//! Converts rates to hours and functions.

use crossover_core::Millis;

use super::{
    Estimate, Range, TableEstimate,
    measure::{Sample, rate},
};
use crate::run::CouldNotRun;

/// `samples` were measured with `jobs` concurrent chunks; the comparison will use `workers`.
pub(super) fn summed_up(
    tables: Vec<TableEstimate>,
    could_not_run: Vec<CouldNotRun>,
    samples: &[Sample],
    (jobs, workers): (usize, u32),
) -> Estimate {
    let measured_rows = samples.iter().map(|s| s.rows).sum();
    let elapsed: Millis = samples.iter().map(|s| s.elapsed).sum();
    let likely = rate(measured_rows, elapsed);
    // Only chunks of a thousand rows and more show the rate; smaller chunks mostly show the round-trip time.
    let telling = samples
        .iter()
        .filter(|s| s.rows >= 1_000)
        .map(|s| rate(s.rows, s.elapsed));
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
    let longest_function_minutes = tables
        .iter()
        .map(|t| t.function_minutes(likely))
        .fold(0.0, f64::max);
    let assumptions = vec![
        "row counts are from the statistics; ANALYZE improves them".to_owned(),
        format!(
            "low and high are from the fastest and the slowest of {} measured chunks",
            samples.len()
        ),
        format!(
            "assumption: each of {workers} concurrent chunks is hashed as fast as each of the {jobs} that were measured together, so both servers need enough cores"
        ),
    ];
    let mut warnings = Vec::new();
    let expected = tables.iter().map(|t| t.rows).sum::<u64>() / chunks.max(1) * samples.len() as u64;
    if measured_rows < expected / 10 {
        warnings.push(format!(
            "the measured chunks had {measured_rows} rows, while the statistics predicted {expected}: the rate mostly shows the round-trip time; run ANALYZE on both sides"
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
                elapsed: Millis(100),
            },
            Sample {
                rows: 10_000,
                elapsed: Millis(300),
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
    }

    #[test]
    fn statistics_that_are_far_off_are_reported() {
        let warnings = |rows: u64| {
            let sample = || Sample {
                rows,
                elapsed: Millis(10),
            };
            let samples = [sample(), sample()];
            summed_up(vec![table(50_000, Some(9_000.0))], Vec::new(), &samples, (2, 2)).warnings
        };
        assert!(warnings(101).is_empty(), "{:?}", warnings(101));
        assert!(warnings(99)[0].contains("ANALYZE"), "{:?}", warnings(99));
    }

    #[test]
    fn the_longest_function_is_that_of_the_table_with_the_most_rows_for_each() {
        let samples = [Sample {
            rows: 50_000,
            elapsed: Millis(1_000),
        }];
        let longest = |functions: u64| {
            let long = TableEstimate {
                functions,
                ..table(90_000_000, Some(50_000.0))
            };
            summed_up(vec![long, table(1_000, None)], Vec::new(), &samples, (1, 1)).longest_function_minutes
        };
        assert!((longest(1) - 30.0).abs() < 1e-9 && (longest(2) - 15.0).abs() < 1e-9);
    }
}
