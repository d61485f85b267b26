//! What a comparison of everything would take: from the statistics, and a rate measured on these very servers.

use crossover_core::{
    plan::Scope,
    ports::{PortError, Rows},
    routing::Side,
    rows::{Region, TableForm},
};
use serde::Serialize;

use crate::{
    distribute::Sharing,
    rows::{Comparison, Governor, Layout},
    run::{CouldNotRun, PreparedTable, Sides, VerifyError, VerifyOptions, could_not_run, prepare},
    watch::{Event, Watch},
};

/// Chunks of each table that are measured: the first, the last, and those between.
const SAMPLES: usize = 4;
/// Tables that are measured, the largest first; the others get the rate of all measured ones.
const MEASURED_TABLES: usize = 12;
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

/// A table's share.
#[derive(Debug, Clone, Serialize)]
pub struct TableEstimate {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    pub chunks: u64,
    /// Invocations of the validate function that `statemachine/verify.asl.json` makes for it.
    pub functions: u64,
    /// Rows a second of one chunk at a time, the two sides at once; none: not measured.
    pub rows_per_second: Option<f64>,
}

/// A figure with how far off it may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    pub low: f64,
    pub likely: f64,
    pub high: f64,
}

impl Range {
    fn scaled(self, by: f64) -> Self {
        Self {
            low: self.low * by,
            likely: self.likely * by,
            high: self.high * by,
        }
    }
}

/// What it would take.
#[derive(Debug, Clone, Serialize)]
pub struct Estimate {
    pub tables: Vec<TableEstimate>,
    pub could_not_run: Vec<CouldNotRun>,
    pub rows: u64,
    pub bytes: u64,
    pub chunks: u64,
    pub functions: u64,
    /// What the longest invocation is likely to take.
    pub longest_function_minutes: f64,
    /// Chunks compared at the same time: functions that run at once.
    pub workers: u32,
    pub measured_rows: u64,
    pub rows_per_second: Range,
    pub hours: Range,
    /// Of Lambda and Step Functions; the databases' own time is not in it.
    pub cost_usd: Range,
    /// What the figures rest on.
    pub assumptions: Vec<String>,
}

/// Estimates a comparison with `workers` chunks under way at a time.
///
/// # Errors
/// As [`prepare`], and when no rate can be measured.
pub async fn estimate(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    workers: u32,
    watch: &dyn Watch,
) -> Result<Estimate, VerifyError> {
    let mut prepared = prepare(sides, scope, options).await?;
    prepared.tables.sort_by_key(|t| std::cmp::Reverse(bytes(t)));
    let governor = Governor::new(options.max_load);
    let comparison = Comparison {
        source: sides.source,
        target: sides.target,
        clock: sides.clock,
        options: &options.rows,
        governor: &governor,
        watch,
        catch_up: None,
        writer: Side::Source,
    };
    let sharing = Sharing::default();
    let all_rows = prepared.tables.iter().map(PreparedTable::rows).sum();
    let rows_each = sharing.rows_each(options.rows.chunk_rows, all_rows);
    let mut samples: Vec<Sample> = Vec::new();
    let mut tables = Vec::with_capacity(prepared.tables.len());
    for (place, table) in prepared.tables.iter().enumerate() {
        let rows = table.rows();
        let mut estimate = TableEstimate {
            name: table.table.to_string(),
            rows,
            bytes: bytes(table),
            chunks: rows.div_ceil(options.rows.chunk_rows).max(1),
            functions: rows.div_ceil(rows_each).max(1),
            rows_per_second: None,
        };
        if place < MEASURED_TABLES && rows > 0 {
            watch.event(&Event::Table { name: &estimate.name });
            let measured = match measure(&comparison, sides, table).await {
                Ok(measured) => measured,
                // A table that cannot be read is named; a server that is away stops everything.
                Err(error @ (PortError::Refused { .. } | PortError::Missing { .. })) => {
                    prepared.could_not_run.push(could_not_run(&table.table, &error));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if measured.by_blocks && rows <= sharing.unordered_rows {
                estimate.functions = 1;
            }
            let (counted, ms) = measured
                .samples
                .iter()
                .fold((0, 0), |(rows, ms), sample| (rows + sample.rows, ms + sample.ms));
            if counted > 0 {
                estimate.rows_per_second = Some(rate(counted, ms));
            }
            samples.extend(measured.samples);
        }
        tables.push(estimate);
    }
    Ok(summed_up(
        tables,
        prepared.could_not_run,
        &samples,
        workers.max(1),
    ))
}

/// What was seen of a table.
struct Seen {
    samples: Vec<Sample>,
    /// Its rows do not lie in the order of their key.
    by_blocks: bool,
}

struct Sample {
    rows: u64,
    ms: u64,
}

fn rate(rows: u64, ms: u64) -> f64 {
    rows as f64 * 1_000.0 / (ms as f64).max(1.0)
}

fn bytes(table: &PreparedTable) -> u64 {
    table.shapes.0.bytes.max(table.shapes.1.bytes)
}

async fn measure(
    comparison: &Comparison<'_>,
    sides: &Sides<'_>,
    table: &PreparedTable,
) -> Result<Seen, PortError> {
    let layout = comparison
        .layout(
            (&table.shapes.0, &table.shapes.1),
            (&table.forms.0, &table.forms.1),
        )
        .await?;
    let by_blocks = matches!(layout, Layout::Buckets { .. });
    let (pairs, buckets): (Vec<(Region, Region)>, u32) = match layout {
        Layout::Ranges(ranges) => {
            let chosen = spread_out(ranges.into_iter().map(Region::Keys).collect());
            (chosen.into_iter().map(|r| (r.clone(), r)).collect(), 1)
        }
        Layout::Buckets {
            buckets,
            source,
            target,
        } => (
            spread_out(source).into_iter().zip(spread_out(target)).collect(),
            buckets,
        ),
    };
    let mut samples = Vec::with_capacity(pairs.len());
    for (ours, theirs) in pairs {
        for (side, database) in [(Side::Source, sides.source), (Side::Target, sides.target)] {
            comparison
                .governor
                .before(side, database, sides.clock, comparison.watch)
                .await?;
        }
        let began = sides.clock.now_ms();
        let look = async |side: &dyn Rows, form: &TableForm, region: &Region| {
            side.digest(form, region, buckets, None).await
        };
        let (ours, _) = futures::try_join!(
            look(sides.source, &table.forms.0, &ours),
            look(sides.target, &table.forms.1, &theirs)
        )?;
        samples.push(Sample {
            rows: ours.values().map(|d| d.rows).sum(),
            ms: sides.clock.now_ms().saturating_sub(began),
        });
    }
    samples.retain(|sample| sample.rows > 0);
    Ok(Seen { samples, by_blocks })
}

/// A few of many, evenly from the first to the last.
fn spread_out<T>(mut all: Vec<T>) -> Vec<T> {
    let count = all.len();
    if count <= SAMPLES {
        return all;
    }
    let mut place = 0;
    all.retain(|_| {
        let chosen = (0..SAMPLES).any(|n| n * (count - 1) / (SAMPLES - 1) == place);
        place += 1;
        chosen
    });
    all
}

fn summed_up(
    tables: Vec<TableEstimate>,
    could_not_run: Vec<CouldNotRun>,
    samples: &[Sample],
    workers: u32,
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
    let mut assumptions = vec![
        "rows as the statistics have them; ANALYZE makes them better".to_owned(),
        format!(
            "low and high are those of the quickest and the slowest of {} measured chunks",
            samples.len()
        ),
        format!(
            "both servers hash {workers} chunks at a time as quickly as one: no more than they have idle cores"
        ),
        format!(
            "functions of {LAMBDA_GB} GB; Lambda and Step Functions at us-east-1 list prices; databases and traffic between them not included"
        ),
    ];
    if !too_long.is_empty() {
        assumptions.push(format!(
            "one function would run for more than the {LAMBDA_MINUTES} minutes Lambda allows for {}: compare it with the command, near the databases",
            too_long.join(", ")
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
        let one = summed_up(vec![table(360_000_000, Some(50_000.0))], Vec::new(), &samples, 1);
        assert!((one.hours.likely - 2.0).abs() < 1e-9, "{:?}", one.hours);
        assert!(one.hours.low < one.hours.likely && one.hours.likely < one.hours.high);
        let four = summed_up(vec![table(360_000_000, Some(50_000.0))], Vec::new(), &samples, 4);
        assert!((four.hours.likely - 0.5).abs() < 1e-9);
        assert!((four.cost_usd.likely - one.cost_usd.likely).abs() < 1e-9);
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
            let estimate = summed_up(vec![long, table(1_000, None)], Vec::new(), &samples, 1);
            let told = estimate
                .assumptions
                .iter()
                .any(|a| a.contains("15 minutes Lambda allows for t:"));
            (estimate.longest_function_minutes, told)
        };
        assert_eq!(told(1), (30.0, true));
        assert_eq!(told(2), (15.0, false));
    }

    #[test]
    fn samples_reach_from_the_first_to_the_last() {
        assert_eq!(spread_out((0..100).collect()), [0, 33, 66, 99]);
        assert_eq!(spread_out(vec![1, 2]), [1, 2]);
    }
}
