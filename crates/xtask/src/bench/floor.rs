//! What no comparison can be quicker than: the servers' own work on the same rows, on both at once.

use crate::bench::{cpu, data::TABLE, ours::Ours, outcome::Outcome, run::Run, stand::Stand};

/// One piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// Every value hashed and summed up, in one query per server.
    Hash,
    /// The jsonb column alone printed and hashed: the server has no cheaper function that tells all its values apart.
    Printing,
    Count,
    /// Every row sent in binary form and thrown away.
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

/// The bare hash aggregate, and whose it is.
pub struct HashSql {
    pub sql: String,
    /// `crossover verify --explain-sql`, or the bench's own for a build that cannot say it.
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

/// Does the work once.
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
