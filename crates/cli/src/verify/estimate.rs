//! `--estimate`: the duration and the cost of a comparison.

mod price;

use std::{fmt::Write as _, process::ExitCode, time::Duration};

use crossover_core::plan::Scope;
use crossover_report::number::duration;
use crossover_verify::{Event, Range, Sides, VerifyOptions, Watch, estimate};
use indicatif::ProgressBar;

use super::{progress::presence, words};
use crate::exit::COULD_NOT_RUN;
use crate::{
    output,
    progress::Progress,
    visible::{put, visible},
};
use price::Priced;

const SECONDS_PER_HOUR: f64 = 3_600.0;

/// Number of tables in the list, the largest first; --json has the others.
const LISTED: usize = 20;

/// Estimates and prints the result, as JSON if requested.
pub async fn print(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    workers: u32,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let measuring = Measuring::new();
    let mut estimate = estimate(sides, scope, options, workers, &measuring).await?;
    measuring.bar.finish_and_clear();
    words::estimate(&mut estimate);
    let priced = Priced::new(estimate);
    if json {
        output::print_json(&priced)?;
    } else {
        output::print(&text(&priced))?;
    }
    Ok(if priced.estimate.could_not_run.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(COULD_NOT_RUN)
    })
}

/// Prints the name of the table that is being measured.
struct Measuring {
    progress: Progress,
    bar: ProgressBar,
}

impl Measuring {
    fn new() -> Self {
        let progress = Progress::new();
        Self {
            bar: progress.spinner(),
            progress,
        }
    }
}

impl Watch for Measuring {
    fn event(&self, event: &Event<'_>) {
        let said = match event {
            Event::Table { name } => format!("measuring {}", visible(name)),
            Event::Waiting { reason } => (*reason).to_owned(),
            Event::Away { .. } | Event::Answers { .. } | Event::GivenUp { .. } => {
                self.progress.line(&presence(event));
                return;
            }
            Event::Planned { .. }
            | Event::NotCompared { .. }
            | Event::Snapshot { .. }
            | Event::Rows { .. }
            | Event::Done { .. } => {
                return;
            }
        };
        if self.progress.is_animated() {
            self.bar.set_message(said);
        } else {
            self.progress.line(&format!("  … {said}"));
        }
    }
}

/// The estimate as text.
fn text(priced: &Priced) -> String {
    let Priced { estimate, cost_usd } = priced;
    let mut text = String::new();
    let shown = estimate.tables.iter().take(LISTED);
    let width = shown
        .clone()
        .map(|t| visible(&t.name).chars().count())
        .max()
        .unwrap_or(0);
    let width = width.max("the other 1000 tables".len());
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "{:width$} {:>16} {:>10} {:>9} {:>12}",
        "TABLE", "ROWS", "SIZE", "CHUNKS", "ROWS/S"
    );
    let mut line = |name: &str, rows: u64, size: u64, chunks: u64, rate: Option<f64>| {
        let rate = rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.0}"));
        let _ = writeln!(
            text,
            "{name:width$} {rows:>16} {:>10} {chunks:>9} {rate:>12}",
            bytes(size)
        );
    };
    for table in shown {
        line(
            &visible(&table.name),
            table.rows,
            table.bytes,
            table.chunks,
            table.rows_per_second,
        );
    }
    let rest = estimate.tables.get(LISTED..).unwrap_or_default();
    if !rest.is_empty() {
        line(
            &format!("the other {} tables", rest.len()),
            rest.iter().map(|t| t.rows).sum(),
            rest.iter().map(|t| t.bytes).sum(),
            rest.iter().map(|t| t.chunks).sum(),
            None,
        );
    }
    line(
        "all",
        estimate.rows,
        estimate.bytes,
        estimate.chunks,
        Some(estimate.rows_per_second.likely),
    );
    let between = |range: Range, shown: fn(f64) -> String| {
        let [low, likely, high] = [range.low, range.likely, range.high].map(shown);
        if low == high {
            likely
        } else {
            format!("likely {likely}, between {low} and {high}")
        }
    };
    let _ = writeln!(
        text,
        "\ntime with {}  {}\ncost  {}\nshared as statemachine/verify.asl.json does it: {} functions, the longest likely {}\n\nassumptions, from {} rows measured",
        workers(estimate.workers),
        between(estimate.hours.scaled(SECONDS_PER_HOUR), in_seconds),
        between(*cost_usd, usd),
        estimate.functions,
        in_seconds(estimate.longest_function_minutes * 60.0),
        estimate.measured_rows
    );
    for assumption in &estimate.assumptions {
        let _ = writeln!(text, "  - {assumption}");
    }
    for warning in &estimate.warnings {
        text.push('\n');
        put(&mut text, format_args!("warning: {warning}"));
    }
    for failed in &estimate.could_not_run {
        text.push('\n');
        put(
            &mut text,
            format_args!("not estimated: {}: {}", failed.name, failed.reason),
        );
        put(&mut text, format_args!("  remedy: {}", failed.remedy));
    }
    text
}

fn workers(workers: u32) -> String {
    if workers == 1 {
        "1 chunk at a time".to_owned()
    } else {
        format!("{workers} chunks at a time")
    }
}

fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if size < 1_024.0 {
            break;
        }
        size /= 1_024.0;
        unit = larger;
    }
    if unit == UNITS[0] {
        format!("{bytes} B")
    } else {
        format!("{size:.1} {unit}")
    }
}

fn in_seconds(seconds: f64) -> String {
    duration(Duration::from_secs_f64(seconds))
}

fn usd(usd: f64) -> String {
    if usd < 0.01 {
        "less than 0.01 USD".to_owned()
    } else {
        format!("{usd:.2} USD")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_in_units_a_person_would_use() {
        assert_eq!(
            [0, 1_023, 1_536, 5 << 40].map(bytes),
            ["0 B", "1023 B", "1.5 kB", "5.0 TB"]
        );
        assert_eq!([0.000_1, 12.345].map(usd), ["less than 0.01 USD", "12.35 USD"]);
    }
}
