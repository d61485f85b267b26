//! The report: JSON for programs, a table for readers.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bench::{
    edge::{
        Options,
        turns::{Build, Method},
    },
    figures::{Figure, Spread, ratio},
    goal::{Goal, Mark},
    machine,
};

/// No worse than the earlier Worker; two percent are within the accuracy of the measurement.
const EARLIER: Goal = Goal::AtMost(1.02);
/// As cheap as no router at all.
const PLAIN: Goal = Goal::AtMost(1.0);

/// One turn.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub round: u64,
    pub method: Method,
    pub build: Build,
    /// CPU of workerd for a request, in microseconds.
    pub micros: f64,
}

/// All results of the bench.
pub struct Report<'a> {
    pub options: &'a Options,
    pub machine: Value,
    pub revision: Option<String>,
    pub workerd: String,
    pub samples: Vec<Sample>,
}

/// A ratio of the two Workers.
struct Comparison {
    mark: Mark,
    /// The ratios of single rounds.
    rounds: Option<Spread>,
}

impl Report<'_> {
    pub fn json(&self) -> Value {
        let entries = self.entries().into_iter().map(|(method, build, values)| {
            json!({
                "method": method.name(),
                "worker": build.name(),
                "cpu_us": Spread::of(values.iter().copied()).map(Spread::json),
                "rounds_us": values,
            })
        });
        let marks = self.comparisons().into_iter().map(|comparison| {
            let mut mark = comparison.mark.json();
            mark["rounds"] = comparison.rounds.map_or(Value::Null, Spread::json);
            mark
        });
        json!({
            "bench": "edge",
            "get_ratio": self.ratio_to_plain(Method::Get),
            "post_ratio": self.ratio_to_plain(Method::Post),
            "machine": self.machine,
            "versions": { "revision": self.revision, "workerd": self.workerd },
            "options": {
                "ours": self.options.ours,
                "earlier": self.options.earlier,
                "rules": self.options.rules,
                "exceptions": self.options.exceptions,
                "reads_percent": self.options.rules.map(|_| self.options.reads),
                "rounds": self.options.rounds,
                "warm_up": self.options.warm_up,
                "requests": self.options.requests,
                "connections": self.options.connections,
            },
            "entries": entries.collect::<Vec<_>>(),
            "marks": marks.collect::<Vec<_>>(),
        })
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        let (requests, connections) = (self.options.requests, self.options.connections);
        let (rounds, warm_up) = (self.options.rounds, self.options.warm_up);
        let _ = writeln!(
            text,
            "{requests} requests a turn over {connections} connections, {rounds} rounds after {warm_up} for warm-up\n"
        );
        if let Some(warning) = machine::busy(&self.machine) {
            let _ = writeln!(text, "{warning}\n");
        }
        let columns = ["median", "min", "max"].map(|name| format!("{name:>10}"));
        let _ = writeln!(text, "{:<34}{}", "CPU for a request, us", columns.concat());
        for (method, build, values) in self.entries() {
            if let Some(spread) = Spread::of(values) {
                let name = format!("  {} {}", method.name(), build.name());
                let cells = [spread.median, spread.min, spread.max].map(|value| format!("{value:>10.1}"));
                let _ = writeln!(text, "{name:<34}{}", cells.concat());
            }
        }
        text.push('\n');
        for comparison in self.comparisons() {
            let _ = writeln!(text, "{}", line(&comparison));
        }
        text
    }

    /// The goals that are missed.
    pub fn missed(&self) -> Vec<String> {
        let comparisons = self.comparisons().into_iter();
        comparisons
            .filter(|comparison| comparison.mark.goal.is_met(comparison.mark.figure) == Some(false))
            .map(|comparison| line(&comparison))
            .collect()
    }

    /// Each Worker with each method, and its figures in the order of the rounds.
    fn entries(&self) -> Vec<(Method, Build, Vec<f64>)> {
        let mut entries = Vec::new();
        for method in Method::ALL {
            for build in Build::ALL {
                let values = self.values(method, build);
                if !values.is_empty() {
                    entries.push((method, build, values));
                }
            }
        }
        entries
    }

    fn values(&self, method: Method, build: Build) -> Vec<f64> {
        let of_entry = |sample: &&Sample| sample.method == method && sample.build == build;
        let samples = self.samples.iter().filter(of_entry);
        samples.map(|sample| sample.micros).collect()
    }

    fn comparisons(&self) -> Vec<Comparison> {
        let plain = |name, methods: &[Method]| self.comparison(name, methods, Build::Plain, PLAIN);
        let earlier = |name, methods: &[Method]| self.comparison(name, methods, Build::Earlier, EARLIER);
        let mut comparisons = vec![
            plain("ours / plain, GET", &[Method::Get]),
            plain("ours / plain, POST", &[Method::Post]),
        ];
        if self.options.earlier.is_some() {
            comparisons.extend([
                earlier("ours / earlier, GET", &[Method::Get]),
                earlier("ours / earlier, POST", &[Method::Post]),
                earlier("ours / earlier, both", &Method::ALL),
            ]);
        }
        comparisons
    }

    /// CPU a request against the router without rules.
    fn ratio_to_plain(&self, method: Method) -> Option<f64> {
        let comparison = self.comparison("", &[method], Build::Plain, PLAIN);
        comparison.mark.figure.map(|figure| figure.value)
    }

    /// The ratio of the medians; those of several methods are added up.
    fn comparison(&self, name: &'static str, methods: &[Method], beside: Build, goal: Goal) -> Comparison {
        let median = |build| {
            let medians = methods
                .iter()
                .map(|method| Some(Spread::of(self.values(*method, build))?.median));
            medians.sum::<Option<f64>>().map(Figure::exactly)
        };
        let of_round = |build| {
            let mut sums = vec![0.0; self.values(methods[0], build).len()];
            for method in methods {
                for (sum, value) in sums.iter_mut().zip(self.values(*method, build)) {
                    *sum += value;
                }
            }
            sums
        };
        let pairs = of_round(Build::Ours).into_iter().zip(of_round(beside));
        Comparison {
            mark: Mark {
                name,
                figure: ratio(median(Build::Ours), median(beside)),
                goal,
            },
            rounds: Spread::of(pairs.map(|(ours, other)| ours / other)),
        }
    }
}

/// With three digits, because two would not show on which side of the goal a ratio is.
fn line(comparison: &Comparison) -> String {
    let Mark { name, figure, goal } = &comparison.mark;
    let value = figure.map_or("unknown".to_owned(), |figure| format!("{:.3}", figure.value));
    let met = match goal.is_met(*figure) {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "",
    };
    let rounds = comparison.rounds.map_or(String::new(), |rounds| {
        format!(
            "single rounds {:.3} to {:.3}, median {:.3}",
            rounds.min, rounds.max, rounds.median
        )
    });
    format!("{name:<34}{value:>10}  {:<8}{met:<8}{rounds}", goal.describe())
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::parsed;

    /// The marks and the missed goals when these are the figures of (method, build) in each round.
    fn judged(line: &[&str], figures: &[(Method, Build, [f64; 3])]) -> (Vec<Value>, Vec<String>) {
        let options: Options = parsed(line).unwrap();
        let mut samples = Vec::new();
        for (method, build, values) in figures {
            for (round, micros) in (0..).zip(*values) {
                let (method, build) = (*method, *build);
                samples.push(Sample {
                    round,
                    method,
                    build,
                    micros,
                });
            }
        }
        let report = Report {
            options: &options,
            machine: Value::Null,
            revision: None,
            workerd: String::new(),
            samples,
        };
        let marks = report.json()["marks"].as_array().unwrap().clone();
        (marks, report.missed())
    }

    #[test]
    fn ratios_are_of_medians_and_their_spread_of_the_rounds() {
        let (marks, missed) = judged(
            &["--earlier", "/e"],
            &[
                (Method::Get, Build::Ours, [100.0, 900.0, 110.0]),
                (Method::Get, Build::Plain, [220.0, 220.0, 220.0]),
                (Method::Get, Build::Earlier, [100.0, 110.0, 220.0]),
                (Method::Post, Build::Ours, [400.0, 400.0, 400.0]),
                (Method::Post, Build::Plain, [200.0, 200.0, 200.0]),
                (Method::Post, Build::Earlier, [100.0, 100.0, 100.0]),
            ],
        );
        let figures: Vec<_> = marks.iter().map(|mark| mark["value"].as_f64().unwrap()).collect();
        assert_eq!(figures, [0.5, 2.0, 1.0, 4.0, 510.0 / 210.0]);
        assert_eq!(marks[2]["rounds"]["min"], 0.5);
        assert_eq!(marks[2]["rounds"]["max"], 900.0 / 110.0);
        // (100 + 400) / (100 + 100), (900 + 400) / (110 + 100), (110 + 400) / (220 + 100)
        assert_eq!(marks[4]["rounds"]["median"], 2.5);
        let names = ["plain, POST", "earlier, POST", "earlier, both"];
        assert_eq!(missed.len(), names.len());
        for (missed, name) in missed.iter().zip(names) {
            assert!(missed.contains(name), "{missed}");
        }
    }

    #[test]
    fn goals_without_figures_are_missed() {
        let own = [
            (Method::Get, Build::Ours, [1.0; 3]),
            (Method::Post, Build::Ours, [1.0; 3]),
        ];
        assert_eq!(judged(&[], &own).1.len(), 2);
        assert_eq!(judged(&["--earlier", "/e"], &own).1.len(), 5);
    }
}
