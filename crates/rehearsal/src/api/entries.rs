//! The ledger entry: the part of every write that the verdict counts.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use deadpool_postgres::{Pool, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::failure::Failure;

/// A write as the client sends it.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) token: Uuid,
    pub(super) client: i32,
    pub(super) seq: i64,
    /// A decimal as text: a float would not be returned with exactly the same value.
    pub(super) amount: String,
}

impl Entry {
    /// Refuses an amount that is not a plain decimal with at most ten digits before and two after the point.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let (whole, cents) = self.amount.split_once('.').unwrap_or((&self.amount, "0"));
        let digits = |text: &str, most: usize| {
            !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit())
        };
        if digits(whole, 10) && digits(cents, 2) {
            Ok(())
        } else {
            Err(Failure::bad_request("amount must be a decimal like \"12.34\""))
        }
    }
}

/// The response to a committed write.
#[derive(Debug, Serialize)]
pub(super) struct Created {
    pub(super) id: i64,
    pub(super) order_id: Option<i64>,
}

/// `POST /entries`.
pub(super) async fn create(
    State(pool): State<Pool>,
    Json(entry): Json<Entry>,
) -> Result<(StatusCode, Json<Created>), Failure> {
    entry.check()?;
    let mut session = pool.get().await.map_err(Failure::no_session)?;
    let transaction = session.transaction().await.map_err(Failure::rolled_back)?;
    let id = insert(&transaction, &entry, None)
        .await
        .map_err(Failure::rolled_back)?;
    transaction.commit().await.map_err(Failure::at_commit)?;
    Ok((StatusCode::CREATED, Json(Created { id, order_id: None })))
}

/// Writes the ledger entry of `entry` within the caller's transaction; returns its id.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    entry: &Entry,
    order_id: Option<i64>,
) -> Result<i64, tokio_postgres::Error> {
    let statement = transaction
        .prepare_cached(
            "insert into crossover_load.entries (token, client, seq, amount, order_id)
             values ($1, $2, $3, $4::text::numeric, $5) returning id",
        )
        .await?;
    let row = transaction
        .query_one(
            &statement,
            &[&entry.token, &entry.client, &entry.seq, &entry.amount, &order_id],
        )
        .await?;
    Ok(row.get(0))
}

/// `GET /entries/{token}`: 404 if the entry does not exist.
pub(super) async fn read(State(pool): State<Pool>, Path(token): Path<Uuid>) -> Result<Json<Value>, Failure> {
    let session = pool.get().await.map_err(Failure::no_session)?;
    let statement = session
        .prepare_cached(
            "select to_jsonb(e) from crossover_load.entries e where token = $1 order by id limit 1",
        )
        .await
        .map_err(Failure::rolled_back)?;
    let row = session
        .query_opt(&statement, &[&token])
        .await
        .map_err(Failure::rolled_back)?;
    row.map(|row| Json(row.get(0)))
        .ok_or_else(|| Failure::not_found(format!("no entry has the token {token}")))
}
