//! The verdict: acknowledged writes compared with the content of the databases.

use serde::{Deserialize, Serialize};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::load::Acknowledged;

/// Maximum number of tokens listed in a verdict; the counts are always complete.
const LISTED: i64 = 20;

/// The result for the acknowledged writes on the committed side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// Writes that were acknowledged to a client.
    pub acknowledged: u64,
    /// Of these, how many are present, once or more often.
    pub present: u64,
    /// Of these, how many are missing.
    pub lost: u64,
    /// The first of the lost writes.
    pub lost_tokens: Vec<Uuid>,
    /// Tokens that are present more than once, acknowledged or not.
    pub duplicated: u64,
    /// The first of the duplicated tokens.
    pub duplicated_tokens: Vec<Uuid>,
    /// Present but not acknowledged: allowed (the response was lost), and reported for information.
    pub unacknowledged_present: u64,
    /// Entries whose order is missing or incomplete: a transaction that was replicated in part.
    pub torn: u64,
    /// Tokens on the other side that the committed side does not have.
    pub only_on_other_side: u64,
    /// The first of these tokens.
    pub only_on_other_side_tokens: Vec<Uuid>,
}

impl Verdict {
    /// Whether every acknowledged write exists exactly once and completely, and the other side has no
    /// additional write.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.torn == 0 && self.only_on_other_side == 0
    }
}

/// Compares `acknowledged` (see [`crate::load::read_tokens`]) with the ledger of the side in charge, and with
/// `other`, the ledger of the other side.
///
/// Uses temporary tables in the session of `committed`, which needs the privilege to create them. `other` is
/// compared only if given: a token that exists only there is a write that was accepted but not replicated.
pub async fn verdict(
    acknowledged: &[Acknowledged],
    committed: &Client,
    other: Option<&Client>,
) -> Result<Verdict, tokio_postgres::Error> {
    let promised: Vec<Uuid> = acknowledged.iter().map(|line| line.token).collect();
    fill(committed, "promised", &promised).await?;
    let counts = committed
        .query_one(include_str!("ledger/verdict.sql"), &[])
        .await?;
    let count = |name: &str| counts.get::<_, i64>(name) as u64;
    let mut verdict = Verdict {
        acknowledged: count("acknowledged"),
        present: count("present"),
        lost: count("lost"),
        lost_tokens: list(committed, include_str!("ledger/lost.sql")).await?,
        duplicated: count("duplicated"),
        duplicated_tokens: list(committed, include_str!("ledger/duplicated.sql")).await?,
        unacknowledged_present: count("unacknowledged_present"),
        ..Verdict::default()
    };
    let has_shop: bool = committed
        .query_one("select to_regclass('shop.orders') is not null", &[])
        .await?
        .get(0);
    if has_shop {
        let torn: i64 = committed
            .query_one(include_str!("ledger/torn.sql"), &[])
            .await?
            .get(0);
        verdict.torn = torn as u64;
    }
    if let Some(other) = other {
        let rows = other
            .query("select distinct token from crossover_load.entries", &[])
            .await?;
        let tokens: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
        fill(committed, "elsewhere", &tokens).await?;
        let alone = "from elsewhere p where not exists (select from crossover_load.entries e where e.token = p.token)";
        let only: i64 = committed
            .query_one(&format!("select count(*) {alone}"), &[])
            .await?
            .get(0);
        verdict.only_on_other_side = only as u64;
        verdict.only_on_other_side_tokens = list(
            committed,
            &format!("select p.token {alone} order by p.token limit $1"),
        )
        .await?;
        committed.batch_execute("drop table elsewhere").await?;
    }
    committed.batch_execute("drop table promised").await?;
    Ok(verdict)
}

/// Creates the temporary table `name` with one row for each token.
async fn fill(client: &Client, name: &str, tokens: &[Uuid]) -> Result<(), tokio_postgres::Error> {
    client
        .batch_execute(&format!(
            "drop table if exists pg_temp.{name}; create temporary table {name} (token uuid not null)"
        ))
        .await?;
    let insert = client
        .prepare(&format!("insert into {name} select unnest($1::uuid[])"))
        .await?;
    for chunk in tokens.chunks(50_000) {
        client.execute(&insert, &[&chunk]).await?;
    }
    client
        .batch_execute(&format!("create index on {name} (token); analyze {name}"))
        .await
}

async fn list(client: &Client, query: &str) -> Result<Vec<Uuid>, tokio_postgres::Error> {
    let rows = client.query(query, &[&LISTED]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
