//! The lower bound for a comparison: the servers' own work on the same rows, on both servers at the same
//! time.

use crate::bench::{cpu, data::TABLE, ours::Ours, outcome::Outcome, run::Run, stand::Stand};

/// One kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// Every value hashed and added up, in one query per server.
    Hash,
    /// Only the jsonb column printed and hashed: the servers have no cheaper function that distinguishes all
    /// its values.
    Printing,
    Count,
    /// Every row sent in binary form and discarded.
    Copy,
}

impl Floor {
    pub const ALL: [Self; 4] = [Self::Hash, Self::Printing, Self::Count, Self::Copy];

    pub fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Printing => "printing",
            Self::Count => "count",
            Self::Copy => "copy",
        }
    }
}

/// The SQL of the bare hash aggregate, and its origin.
pub struct HashSql {
    pub sql: String,
    /// `crossover verify --explain-sql`, or the bench's own SQL for a build without that option.
    pub origin: &'static str,
}

impl HashSql {
    pub fn choose(ours: Option<&Ours>, stand: &Stand) -> Self {
        match ours.and_then(|ours| ours.hash_sql(stand, TABLE)) {
            Some(sql) => Self {
                sql,
                origin: "crossover verify --explain-sql",
            },
            None => Self {
                sql: include_str!("sql/hash.sql").to_owned(),
                origin: "the bench's own",
            },
        }
    }
}

/// Runs the work once.
pub fn run(floor: Floor, hash: &HashSql, stand: &mut Stand) -> anyhow::Result<Run> {
    let before = cpu::seconds(stand.postmasters());
    let answer = match floor {
        Floor::Hash => stand.both(&hash.sql),
        Floor::Printing => stand.both(&format!(
            "select count(*), sum(hashtextextended(attributes::text, 1)) from {TABLE}"
        )),
        Floor::Count => stand.both(&format!("select count(*) from {TABLE}")),
        Floor::Copy => stand.discard(&format!("copy (select * from {TABLE}) to stdout (format binary)")),
    }?;
    let after = cpu::seconds(stand.postmasters());
    let outcome = if answer.body["source"] == answer.body["target"] {
        Outcome::Equal
    } else {
        Outcome::Failed(format!(
            "{} on the source, {} on the target",
            answer.body["source"], answer.body["target"]
        ))
    };
    Ok(Run {
        elapsed_s: answer.elapsed_s,
        server_cpu_s: cpu::between(before, after),
        client: None,
        outcome,
    })
}
