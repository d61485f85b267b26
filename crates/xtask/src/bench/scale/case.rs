//! The cases: the data on both servers, and the runs.

use std::{ffi::OsString, path::Path, time::Duration};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::bench::{
    cpu,
    measure::{self, Measured},
    options,
    other_tools::OtherTool,
    ours::Ours,
    scale::Options,
    stand::Stand,
};

/// One row in so many differs.
const APART: u64 = 1_000;
const PARTITIONS: u64 = 500;
/// Rows for one value of 1 MB.
const PER_VALUE: u64 = 1_500;

/// What the cases need.
pub struct Case<'a> {
    pub stand: &'a mut Stand,
    pub ours: &'a Ours,
    pub reladiff: Option<&'a Path>,
    pub options: &'a Options,
    pub folder: &'a Path,
}

/// One run of `crossover verify`.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub elapsed_s: f64,
    /// Of the client and both servers; none without /proc.
    pub cpu_s: Option<f64>,
    pub client_mb: f64,
    /// Transactions of both servers: one for each statement over rows.
    pub transactions: u64,
    /// The longest snapshot of the source.
    pub snapshot_s: f64,
}

/// A tenth or a third of a size, and the whole.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    pub small: Run,
    pub large: Run,
}

/// Many tables, equal on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Tables {
    pub growth: Growth,
    /// Seconds of `pg_dump -s` for the larger schema of the source; none without a pg_dump that can read it.
    pub dump_s: Option<f64>,
}

/// A pair that is equal, and then different.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    pub equal: Run,
    pub different: Run,
}

/// The case of scattered differences.
#[derive(Debug, Clone, Copy)]
pub struct Scattered {
    pub growth: Growth,
    /// Seconds of reladiff on the large one.
    pub reladiff_s: Option<f64>,
}

impl Case<'_> {
    /// Two schemas of small tables.
    pub fn tables(&mut self) -> anyhow::Result<Tables> {
        eprintln!("  {} tables", self.options.tables);
        let sizes = [
            ("small", self.options.tables / 10),
            ("large", self.options.tables),
        ];
        let (mut runs, mut dump_s) = (Vec::new(), None);
        for (schema, tables) in sizes {
            let make = include_str!("../sql/scale_tables.sql");
            for first in (1..=tables).step_by(500) {
                // In parts: each table takes locks until the end of its transaction.
                let make = make
                    .replace("{schema}", schema)
                    .replace("{first}", &first.to_string())
                    .replace("{last}", &tables.min(first + 499).to_string());
                self.stand.both(&make)?;
            }
            self.stand.both("checkpoint")?;
            runs.push(self.verify(&format!("{schema}.*"), true)?);
            dump_s = self.dump(schema);
            // The catalogue has one schema at a time, or the second would be measured with the first.
            for first in (1..=tables).step_by(500) {
                let drop = include_str!("../sql/scale_drop.sql")
                    .replace("{schema}", schema)
                    .replace("{first}", &first.to_string())
                    .replace("{last}", &tables.min(first + 499).to_string());
                self.stand.both(&drop)?;
            }
            self.stand.both("vacuum")?;
        }
        let growth = Growth {
            small: runs[0],
            large: runs[1],
        };
        Ok(Tables { growth, dump_s })
    }

    fn dump(&mut self, schema: &str) -> Option<f64> {
        let mut command: Vec<OsString> = ["pg_dump", "-s", "-n", schema, "-f", "/dev/null"]
            .map(Into::into)
            .to_vec();
        command.push(self.stand.source.url.clone().into());
        let (measured, _) = self.measured(&command, "pg_dump").ok()?;
        (measured.exit == 0).then_some(measured.elapsed_s)
    }

    /// A table with a random key, in a third of the size and in the whole.
    pub fn uuid(&mut self) -> anyhow::Result<Scattered> {
        let mut runs = Vec::new();
        let mut reladiff_s = None;
        for rows in [self.options.rows / 3, self.options.rows] {
            eprintln!("  {rows} rows with a random key, one in {APART} different");
            self.fill("drop table if exists public.orders; create table public.orders (id uuid, note text, number int)", rows)?;
            self.stand.both(
                "alter table public.orders add primary key (id); vacuum analyze public.orders; checkpoint",
            )?;
            self.drift(rows)?;
            runs.push(self.verify("public.orders", false)?);
            if rows == self.options.rows {
                reladiff_s = self.reladiff(rows)?;
            }
        }
        Ok(Scattered {
            growth: Growth {
                small: runs[0],
                large: runs[1],
            },
            reladiff_s,
        })
    }

    /// Hash partitions, equal and with 989 differences (or fewer).
    pub fn partitions(&mut self) -> anyhow::Result<Pair> {
        let rows = self.options.rows / 3;
        eprintln!("  {rows} rows in {PARTITIONS} hash partitions");
        let partitions = format!(
            "drop table public.orders; \
             create table public.orders (id uuid primary key, note text, number int) partition by hash (id); \
             do $$ begin for i in 0..{PARTITIONS} - 1 loop execute format('create table public.orders_%s partition of \
             public.orders for values with (modulus {PARTITIONS}, remainder %s)', i, i); end loop; end $$"
        );
        self.fill(&partitions, rows)?;
        self.stand.both("vacuum analyze; checkpoint")?;
        let equal = self.verify("public.orders", true)?;
        self.drift(rows)?;
        let different = self.verify("public.orders", false)?;
        Ok(Pair { equal, different })
    }

    /// Values of 1 MB, half of which differ.
    pub fn large_values(&mut self) -> anyhow::Result<Run> {
        let values = (self.options.rows / PER_VALUE).max(20);
        eprintln!("  {values} values of 1 MB, half of them different");
        self.stand.both(&format!(
            "drop table public.orders; create table public.orders (id int primary key, value text); \
             alter table public.orders alter value set storage external; \
             insert into public.orders select n, repeat(md5(n::text), 32768) from generate_series(1, {values}) n; \
             analyze public.orders; checkpoint"
        ))?;
        self.stand
            .target("update public.orders set value = value || 'x' where id % 2 = 0")?;
        self.verify("public.orders", false)
    }

    fn fill(&mut self, table: &str, rows: u64) -> anyhow::Result<()> {
        self.stand.both(table)?;
        self.stand.both(&format!(
            "insert into public.orders select md5(n::text)::uuid, 'note ' || md5((-n)::text), n from generate_series(1, {rows}) n"
        ))?;
        Ok(())
    }

    fn drift(&mut self, rows: u64) -> anyhow::Result<()> {
        self.stand.target(&format!(
            "update public.orders o set note = 'drifted' from generate_series({APART}, {rows}, {APART}) n \
             where o.id = md5(n::text)::uuid"
        ))?;
        self.stand.both("checkpoint").map(drop)
    }

    fn verify(&mut self, tables: &str, equal: bool) -> anyhow::Result<Run> {
        let command = self.ours.command(self.stand, tables);
        let before = self.transactions()?;
        let (measured, cpu_s) = self.measured(&command, "ours")?;
        let transactions = self.transactions()? - before;
        ensure!(
            measured.exit == i32::from(!equal),
            "crossover on {tables}: exit status {}, {}",
            measured.exit,
            measured.stderr
        );
        let answer: Value = serde_json::from_str(&measured.stdout).context("the answer is not JSON")?;
        // An earlier build does not say it.
        let snapshot_ms = answer["longest_snapshots"]["source_ms"]
            .as_f64()
            .unwrap_or(f64::NAN);
        let run = Run {
            elapsed_s: measured.elapsed_s,
            cpu_s,
            client_mb: measured.rss_mb,
            transactions,
            snapshot_s: snapshot_ms / 1e3,
        };
        eprintln!("    {run:?}");
        Ok(run)
    }

    fn reladiff(&mut self, rows: u64) -> anyhow::Result<Option<f64>> {
        let Some(program) = self.reladiff else {
            return Ok(None);
        };
        let options = options::Options::of_rows(rows);
        let command = OtherTool::Reladiff.command(program, self.stand, &options, false)?;
        let (measured, _) = self.measured(&command, "reladiff")?;
        eprintln!(
            "    reladiff {:.1} s, exit status {}",
            measured.elapsed_s, measured.exit
        );
        Ok((measured.exit == 0 || measured.over_limit).then_some(measured.elapsed_s))
    }

    fn measured(&mut self, command: &[OsString], name: &str) -> anyhow::Result<(Measured, Option<f64>)> {
        let before = cpu::seconds(self.stand.postmasters());
        let limit = Duration::from_secs(self.options.limit);
        let measured = measure::run(command, limit, &self.folder.join(name))?;
        let servers = cpu::between(before, cpu::seconds(self.stand.postmasters()));
        let cpu_s = servers.map(|servers| servers + measured.cpu_s);
        Ok((measured, cpu_s))
    }

    /// Transactions of both databases so far. Sessions report theirs at their end at the latest.
    fn transactions(&mut self) -> anyhow::Result<u64> {
        self.stand.end_sessions()?;
        let answer = self
            .stand
            .both("select xact_commit from pg_stat_database where datname = current_database()")?;
        ["source", "target"]
            .iter()
            .map(|side| {
                let text = answer.body[side][0][0].as_str();
                Ok(text.context("no number of transactions")?.parse::<u64>()?)
            })
            .sum()
    }
}
