//! Checks that the time grows linearly with the number of rows.

use serde_json::{Value, json};

use crate::bench::{
    comparison::{BenchContext, Candidate},
    data,
    figures::Spread,
    outcome::Outcome,
};

/// The sizes, in sixths of the number of rows.
const SIXTHS: [u64; 4] = [1, 2, 4, 6];

/// The time for one size.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    pub rows: u64,
    pub elapsed_s: f64,
}

impl Point {
    pub fn per_million(self) -> f64 {
        self.elapsed_s * 1e6 / self.rows as f64
    }
}

/// Times `crossover verify` on tables of all sizes, in turn; none if one of its answers is wrong. Every table
/// except the largest is created here.
pub fn measure(ctx: &mut BenchContext) -> anyhow::Result<Vec<Point>> {
    let mut tables = Vec::new();
    for sixths in SIXTHS {
        let rows = ctx.options.rows * sixths / 6;
        let table = if sixths == 6 {
            data::TABLE.to_owned()
        } else {
            data::subset(ctx.stand, sixths, rows)?
        };
        tables.push((rows, table, Vec::new()));
    }
    for round in 1..=ctx.options.runs {
        for (rows, table, times) in &mut tables {
            let run = ctx.run(&Candidate::Ours, table)?;
            if run.outcome != Outcome::Equal {
                eprintln!(
                    "  {table} is equal on both sides, but crossover: {}",
                    run.outcome.describe()
                );
                return Ok(Vec::new());
            }
            eprintln!("  round {round}: {rows} rows {:.2} s", run.elapsed_s);
            times.push(run.elapsed_s);
        }
    }
    let point = |(rows, _, times)| {
        Some(Point {
            rows,
            elapsed_s: Spread::of(times)?.median,
        })
    };
    Ok(tables.into_iter().filter_map(point).collect())
}

/// The largest deviation of the time per million rows from the mean of all sizes, as a fraction of the mean.
pub fn largest_deviation(points: &[Point]) -> Option<f64> {
    let mean = points.iter().map(|point| point.per_million()).sum::<f64>() / points.len() as f64;
    let deviation = |point: &Point| (point.per_million() / mean - 1.0).abs();
    points.iter().map(deviation).max_by(f64::total_cmp)
}

pub fn json(points: &[Point]) -> Value {
    let point = |point: &Point| json!({ "rows": point.rows, "elapsed_s": point.elapsed_s, "s_per_million_rows": point.per_million() });
    json!({
        "sizes": points.iter().map(point).collect::<Vec<_>>(),
        "largest_deviation_from_mean": largest_deviation(points),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_time_has_no_deviation() {
        let points = [1, 2, 4].map(|rows| Point {
            rows: rows * 1_000_000,
            elapsed_s: rows as f64 * 0.5,
        });
        assert!(largest_deviation(&points).unwrap() < 1e-9);
    }

    #[test]
    fn the_size_furthest_from_the_mean_counts() {
        // 1, 1 and 4 seconds per million: 2 on average.
        let points = [(1, 1.0), (2, 2.0), (1, 4.0)].map(|(rows, elapsed_s)| Point {
            rows: rows * 1_000_000,
            elapsed_s,
        });
        assert!((largest_deviation(&points).unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(largest_deviation(&[]), None);
    }
}
