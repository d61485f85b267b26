//! Repairs on real servers: two databases, drift on the target, the plan and its application.

mod drift;
mod hooked;
mod races;
mod refusals;
mod wide_keys;

use std::collections::BTreeMap;

use crossover_core::{plan::Scope, ports::Rows, routing::Side};
use crossover_postgres::PostgresDatabase;
use crossover_stand::postgres::Database;
use crossover_verify::{
    Report, Sides, Silent, VerifyOptions,
    repair::{ApplyOptions, Heading, Outcome, RepairPlan, RepairReport, apply, plan, write_scripts},
    verify,
};

use crate::pair::{Pair, TestClock, crossover};

/// The two files of a plan.
pub struct Scripts {
    pub repair: String,
    pub inverse: String,
}

/// Connections of Crossover to both databases.
pub struct Desk {
    pub source: PostgresDatabase,
    pub target: PostgresDatabase,
    pub options: VerifyOptions,
}

impl Desk {
    pub async fn at(pair: &Pair) -> Self {
        Self::over(
            crossover("source", &pair.source).await,
            crossover("target", &pair.target).await,
        )
    }

    pub fn over(source: PostgresDatabase, target: PostgresDatabase) -> Self {
        Self {
            source,
            target,
            // The schemas of these pairs differ on purpose: roles, triggers.
            options: VerifyOptions {
                rows_only: true,
                ..VerifyOptions::default()
            },
        }
    }

    pub fn sides(&self) -> Sides<'_> {
        self.sides_with(&self.source)
    }

    /// The same with another reader of the source.
    pub fn sides_with<'a>(&'a self, source: &'a dyn Rows) -> Sides<'a> {
        Sides {
            source,
            target: &self.target,
            writer: Side::Source,
            catch_up: None,
            clock: &TestClock,
        }
    }

    pub async fn verify(&self) -> Report {
        verify(
            &self.sides(),
            (&self.source, &self.target),
            &Scope::default(),
            &self.options,
            &Silent,
        )
        .await
        .unwrap()
    }

    pub async fn plan(&self) -> RepairPlan {
        let report = self.verify().await;
        plan(
            &self.sides(),
            &self.target,
            &Scope::default(),
            &self.options,
            &report,
        )
        .await
        .unwrap()
    }

    pub async fn apply(&self, plan: &RepairPlan) -> RepairReport {
        self.apply_reading(&self.source, plan).await
    }

    pub async fn apply_reading(&self, source: &dyn Rows, plan: &RepairPlan) -> RepairReport {
        apply(
            &self.sides_with(source),
            &self.target,
            plan,
            ApplyOptions::default(),
        )
        .await
        .unwrap()
    }

    pub async fn scripts(&self, plan: &RepairPlan) -> Scripts {
        let heading = Heading {
            made: "2026-01-02T03:04:05Z".into(),
            source: self.source.to_string(),
            target: self.target.to_string(),
            comparison: "a test".into(),
            while_changing: "wait".into(),
        };
        let (mut repair, mut inverse) = (Vec::new(), Vec::new());
        write_scripts(
            &self.sides(),
            plan,
            &self.target,
            &heading,
            (&mut repair, &mut inverse),
        )
        .await
        .unwrap();
        Scripts {
            repair: String::from_utf8(repair).unwrap(),
            inverse: String::from_utf8(inverse).unwrap(),
        }
    }
}

/// Rows as `table key`, with the transaction that wrote them: `select text, xmin`.
pub async fn writers(database: &Database, sql: &str) -> BTreeMap<String, String> {
    let rows = database.connect().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Rows that were inserted, deleted or written between two reads.
pub fn touched(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut all: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    all.sort();
    all.dedup();
    all.retain(|key| before.get(key) != after.get(key));
    all
}

/// The outcome of each row, as `table key outcome`.
pub fn outcomes(report: &RepairReport) -> Vec<String> {
    let mut all: Vec<String> = report
        .rows
        .iter()
        .map(|row| {
            let key: Vec<&str> = row.key.values().map(String::as_str).collect();
            let outcome = match &row.outcome {
                Outcome::Planned => "planned",
                Outcome::Repaired if row.different_again => "different again",
                Outcome::Repaired => "repaired",
                Outcome::SkippedChangedOnSource => "changed on source",
                Outcome::SkippedChangedOnTarget => "changed on target",
                Outcome::Failed { reason } => reason,
            };
            format!("{} {} {outcome}", row.table, key.join(","))
        })
        .collect();
    all.sort();
    all
}

/// The one value of the one row.
pub async fn value(database: &Database, sql: &str) -> Option<String> {
    let row = database
        .connect()
        .await
        .unwrap()
        .query_one(sql, &[])
        .await
        .unwrap();
    row.get(0)
}
