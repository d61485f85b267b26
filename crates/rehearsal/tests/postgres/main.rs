//! The components of a rehearsal with a real PostgreSQL, one database for each test.
#![allow(clippy::expect_used, reason = "helpers of tests, too, may fail a test")]

mod api;
mod dump;
mod ledger;
mod load;
mod report;
mod shop;

use std::time::Duration;

use crossover_stand::Major;
use crossover_stand::postgres::{Database, TestServer};
use tokio_postgres::Client;

/// An empty database and a superuser's session in it.
async fn empty_database() -> (Database, Client) {
    let server = TestServer::shared(Major::V16)
        .await
        .expect("the test server starts");
    let database = server.fresh_database().await.expect("a database is made");
    let client = database.connect().await.expect("the database is reachable");
    (database, client)
}

/// A database with the small shop in it.
async fn shop_database(orders: u64) -> (Database, Client, crossover_rehearsal::shop::Generated) {
    use crossover_rehearsal::shop::{self, Mode};
    let (database, client) = empty_database().await;
    shop::create_schema(&client, Mode::Shop)
        .await
        .expect("the schema is made");
    let generated = shop::generate(&client, orders, |_| {})
        .await
        .expect("the rows are made");
    (database, client, generated)
}

async fn count(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.expect(query).get(0)
}

/// Waits until `condition` is true; fails the test if it never is.
async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never happened: {what}");
}
