//! The report: JSON for programs, a table for readers.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bench::{
    comparison::Entry,
    floor::HashSql,
    goal::Mark,
    linearity::{self, Point},
    machine,
    marks::Measured,
    options::Options,
    outcome::Outcome,
    planted::Planted,
    stand::Stand,
};

/// All results of the bench.
pub struct Report<'a> {
    pub options: &'a Options,
    pub machine: Value,
    pub versions: Value,
    pub stand: &'a Stand,
    pub hash: &'a HashSql,
    pub identical: Vec<Entry>,
    pub different: Vec<Entry>,
    pub planted: Vec<Planted>,
    pub sizes: Vec<Point>,
}

impl Report<'_> {
    fn marks(&self) -> Vec<Mark> {
        let measured = Measured {
            options: self.options,
            identical: &self.identical,
            different: &self.different,
            planted: &self.planted,
            sizes: &self.sizes,
        };
        measured.marks()
    }

    pub fn json(&self) -> Value {
        json!({
            "bench": "verify",
            "machine": self.machine,
            "versions": self.versions,
            "servers": { "source": self.stand.source.settings, "target": self.stand.target.settings },
            "rows": self.options.rows,
            "runs": self.options.runs,
            "options": {
                "jobs": self.options.jobs,
                "tool_threads": self.options.other_tool_threads(),
                "bisection_factor": self.options.bisection_factor(),
                "limit_s": self.options.limit,
                "once_over_s": self.options.once_over,
            },
            "hash_sql": { "origin": self.hash.origin, "sql": self.hash.sql },
            "identical": self.identical.iter().map(Entry::json).collect::<Vec<_>>(),
            "different": self.different.iter().map(|entry| self.judged(entry)).collect::<Vec<_>>(),
            "linearity": (!self.sizes.is_empty()).then(|| linearity::json(&self.sizes)),
            "marks": self.marks().iter().map(Mark::json).collect::<Vec<_>>(),
        })
    }

    /// An entry with the judgement about the planted rows.
    fn judged(&self, entry: &Entry) -> Value {
        let mut json = entry.json();
        let judgement = entry.outcome().and_then(|outcome| outcome.judged(&self.planted));
        json["differences"] = judgement.map_or(Value::Null, |judgement| {
            json!({
                "planted": self.planted.len(),
                "found": judgement.found,
                "missed": judgement.missed,
                "invented": judgement.invented,
            })
        });
        json
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        let (rows, runs) = (self.options.rows, self.options.runs);
        let _ = writeln!(text, "{rows} rows on either side, {runs} runs\n");
        if let Some(warning) = machine::busy(&self.machine) {
            let _ = writeln!(text, "{warning}\n");
        }
        let columns =
            ["median s", "min", "max", "server CPU s", "client MB"].map(|name| format!("{name:>13}"));
        for (title, entries) in [("equal", &self.identical), ("20 differences", &self.different)] {
            let _ = writeln!(text, "{title:<18}{}  outcome", columns.concat());
            for entry in entries {
                let _ = writeln!(text, "{}", line(entry));
            }
            text.push('\n');
        }
        if !self.sizes.is_empty() {
            let _ = writeln!(
                text,
                "{:<18}{:>13}{:>26}",
                "rows", "median s", "s per million rows"
            );
            for point in &self.sizes {
                let per_million = point.per_million();
                let _ = writeln!(
                    text,
                    "{:<18}{:>13.2}{per_million:>26.3}",
                    point.rows, point.elapsed_s
                );
            }
            text.push('\n');
        }
        for mark in self.marks() {
            let _ = writeln!(text, "{}", mark.verdict());
        }
        text
    }
}

fn line(entry: &Entry) -> String {
    let elapsed = entry.elapsed();
    let cells = [
        (elapsed.map(|elapsed| elapsed.median), 2),
        (elapsed.map(|elapsed| elapsed.min), 2),
        (elapsed.map(|elapsed| elapsed.max), 2),
        (entry.server_cpu(), 2),
        (entry.client_rss(), 0),
    ];
    let cells = cells
        .map(|(value, digits)| value.map_or(format!("{:>13}", "-"), |value| format!("{value:>13.digits$}")));
    let outcome = entry.outcome().map(Outcome::describe).unwrap_or_default();
    format!("  {:<16}{}  {outcome}", entry.candidate.name(), cells.concat())
}
