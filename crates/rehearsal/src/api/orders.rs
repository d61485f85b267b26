//! Placing and reading orders: a transaction over every table of the shop, as an application would do it.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use deadpool_postgres::{Pool, Transaction};
use serde::Deserialize;
use serde_json::Value;

use super::entries::{self, Created, Entry};
use super::failure::Failure;

const REGIONS: [&str; 3] = ["N01", "C01", "S01"];

/// An order as the client sends it.
#[derive(Debug, Deserialize)]
pub(super) struct NewOrder {
    #[serde(flatten)]
    entry: Entry,
    region_code: String,
    customer_id: i64,
}

/// `POST /orders`: order, items, payment, the customer's counter and the ledger entry, all or nothing.
pub(super) async fn create(
    State(pool): State<Pool>,
    Json(order): Json<NewOrder>,
) -> Result<(StatusCode, Json<Created>), Failure> {
    order.entry.check()?;
    if !REGIONS.contains(&order.region_code.as_str()) {
        return Err(Failure::bad_request(format!(
            "region_code must be one of {}",
            REGIONS.join(", ")
        )));
    }
    let mut session = pool.get().await.map_err(Failure::no_session)?;
    let transaction = session.transaction().await.map_err(Failure::rolled_back)?;
    let created = place(&transaction, &order).await.map_err(Failure::rolled_back)?;
    transaction.commit().await.map_err(Failure::at_commit)?;
    Ok((StatusCode::CREATED, Json(created)))
}

async fn place(transaction: &Transaction<'_>, order: &NewOrder) -> Result<Created, tokio_postgres::Error> {
    let entry = &order.entry;
    let insert_order = transaction.prepare_cached(include_str!("sql/order.sql")).await?;
    let insert_items = transaction.prepare_cached(include_str!("sql/items.sql")).await?;
    let insert_payment = transaction
        .prepare_cached(include_str!("sql/payment.sql"))
        .await?;
    let count_order = transaction
        .prepare_cached("update shop.customers set orders_placed = orders_placed + 1 where id = $1")
        .await?;
    let order_id: i64 = transaction
        .query_one(
            &insert_order,
            &[&order.customer_id, &order.region_code, &entry.amount],
        )
        .await?
        .get(0);
    transaction
        .execute(&insert_items, &[&order_id, &entry.seq])
        .await?;
    transaction
        .execute(&insert_payment, &[&order_id, &entry.token.as_bytes().as_slice()])
        .await?;
    let id = entries::insert(transaction, entry, Some(order_id)).await?;
    // Last, because two requests may write this row: its lock is then held only until the commit.
    transaction.execute(&count_order, &[&order.customer_id]).await?;
    Ok(Created {
        id,
        order_id: Some(order_id),
    })
}

/// `GET /orders/{id}`: 404 if the order does not exist.
pub(super) async fn read(State(pool): State<Pool>, Path(id): Path<i64>) -> Result<Json<Value>, Failure> {
    let session = pool.get().await.map_err(Failure::no_session)?;
    let statement = session
        .prepare_cached(include_str!("sql/read.sql"))
        .await
        .map_err(Failure::rolled_back)?;
    let row = session
        .query_opt(&statement, &[&id])
        .await
        .map_err(Failure::rolled_back)?;
    row.map(|row| Json(row.get(0)))
        .ok_or_else(|| Failure::not_found(format!("there is no order {id}")))
}

/// The query of [`recent`].
#[derive(Debug, Deserialize)]
pub(super) struct Recent {
    region: String,
}

/// `GET /orders/recent?region=..`: the last twenty orders of a region.
pub(super) async fn recent(
    State(pool): State<Pool>,
    Query(query): Query<Recent>,
) -> Result<Json<Value>, Failure> {
    let session = pool.get().await.map_err(Failure::no_session)?;
    let statement = session
        .prepare_cached(include_str!("sql/recent.sql"))
        .await
        .map_err(Failure::rolled_back)?;
    let row = session
        .query_one(&statement, &[&query.region])
        .await
        .map_err(Failure::rolled_back)?;
    Ok(Json(row.get(0)))
}
