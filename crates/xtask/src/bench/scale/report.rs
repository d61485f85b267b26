//! The figures of the bench with their goals.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bench::{
    figures::Figure,
    goal::{Goal, Mark},
    scale::{
        Options,
        case::{Growth, Pair, Run, Scattered, Tables},
    },
};

/// Of a limit on the client's memory, in MB.
const MEMORY_MB: f64 = 64.0;
const SNAPSHOT_S: f64 = 5.0;
/// Times the equal comparison of the same pair.
const DIFFERENT: f64 = 4.0;

/// All figures.
pub struct Figures {
    pub tables: Tables,
    pub uuid: Scattered,
    pub partitions: Pair,
    pub values: Run,
}

impl Growth {
    /// How many times the CPU the larger one took.
    fn cpu(self) -> Option<f64> {
        Some(self.large.cpu_s? / self.small.cpu_s?)
    }
}

impl Figures {
    fn runs(&self) -> [Run; 7] {
        [
            self.tables.growth.small,
            self.tables.growth.large,
            self.uuid.growth.small,
            self.uuid.growth.large,
            self.partitions.equal,
            self.partitions.different,
            self.values,
        ]
    }

    fn most(&self, figure: impl Fn(&Run) -> f64) -> f64 {
        self.runs().iter().map(figure).fold(f64::NAN, f64::max)
    }

    fn uuid_ratio(&self) -> Option<f64> {
        Some(self.uuid.reladiff_s? / self.uuid.growth.large.elapsed_s)
    }

    fn marks(&self) -> Vec<Mark> {
        let known = |name, value: Option<f64>, goal| Mark {
            name,
            figure: value.filter(|value| value.is_finite()).map(Figure::exactly),
            goal,
        };
        let tables = self.tables.growth.large.elapsed_s;
        let pair = self.partitions;
        vec![
            known("tables_10000_s", Some(tables), Goal::None),
            known(
                "tables_to_pg_dump",
                self.tables.dump_s.map(|dump| tables / dump),
                Goal::AtMost(4.0),
            ),
            known("tables_growth", self.tables.growth.cpu(), Goal::AtMost(11.0)),
            known("uuid_scattered_ratio", self.uuid_ratio(), Goal::AtLeast(4.0)),
            known("uuid_growth", self.uuid.growth.cpu(), Goal::AtMost(3.3)),
            known(
                "partitions_statements",
                Some(pair.different.transactions as f64),
                Goal::AtMost(DIFFERENT * pair.equal.transactions as f64),
            ),
            known(
                "partitions_to_equal",
                Some(pair.different.elapsed_s / pair.equal.elapsed_s),
                Goal::AtMost(DIFFERENT),
            ),
            known(
                "peak_mb",
                Some(self.most(|run| run.client_mb)),
                Goal::AtMost(MEMORY_MB),
            ),
            known(
                "snapshot_s",
                Some(self.most(|run| run.snapshot_s)),
                Goal::AtMost(SNAPSHOT_S),
            ),
        ]
    }

    /// Each figure under its name, and the verdicts.
    pub fn json(&self, options: &Options, machine: &Value) -> Value {
        let mut json = json!({
            "bench": "scale",
            "machine": machine,
            "rows": options.rows,
            "tables": options.tables,
            "marks": self.marks().iter().map(Mark::json).collect::<Vec<_>>(),
        });
        for mark in self.marks() {
            json[mark.name] = json!(mark.figure.map(|figure| figure.value));
        }
        json
    }

    /// The figures for readers.
    pub fn table(&self, options: &Options) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} tables, {} rows\n\n{:<34}{:>10}{:>10}{:>12}{:>14}{:>12}",
            options.tables, options.rows, "", "s", "CPU s", "client MB", "transactions", "snapshot s"
        );
        let names = [
            "a tenth of the tables",
            "tables",
            "random key, a third of the rows",
            "random key",
            "hash partitions, equal",
            "hash partitions, different",
            "values of 1 MB",
        ];
        for (name, run) in names.iter().zip(self.runs()) {
            let _ = writeln!(
                text,
                "{name:<34}{:>10.2}{:>10}{:>12.0}{:>14}{:>12.2}",
                run.elapsed_s,
                run.cpu_s.map_or("-".to_owned(), |cpu| format!("{cpu:.2}")),
                run.client_mb,
                run.transactions,
                run.snapshot_s
            );
        }
        text.push('\n');
        for mark in self.marks() {
            let _ = writeln!(text, "{}", mark.verdict());
        }
        text
    }
}
