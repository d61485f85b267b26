//! Lock, restoration and opening of a database.

mod adversaries;
mod lock;
mod opening;
mod restoring;
mod sessions;
mod subscriptions;
mod writers;

use crossover_core::ports::{Access, Catalogue, LockReport, PortError, PortResult, WriterSample};
use crossover_postgres::PostgresDatabase;
use crossover_stand::postgres::Major;
use tokio_postgres::error::SqlState;

use crate::side::{Side, everything};
use adversaries::{drained, orders};

/// A shop with a writer, a table owner, a role that inherits the writer, a reader and a group.
async fn shop() -> Side {
    shop_on(Major::V16).await
}

async fn shop_on(major: Major) -> Side {
    let side = Side::on(major).await;
    let app = side.add_role("app", "login").await;
    let boss = side.add_role("boss", "login").await;
    let heir = side.add_role("heir", "login noinherit").await;
    let reader = side.add_role("reader", "login").await;
    let group = side.add_role("team", "nologin").await;
    let member = side.add_role("member", "login").await;
    let asleep = side.add_role("asleep", "nologin").await;
    side.admin(&format!("grant {app} to {heir}; grant {group} to {member}"))
        .await;
    side.owner(&format!(
        "grant usage on schema shop to {app}, {boss}, {heir}, {reader}, {group}, {asleep};
         create table shop.orders (id int primary key, note text);
         create table shop.items (id int primary key);
         alter table shop.items owner to {boss};
         grant insert, select on shop.orders to {app};
         grant update (note) on shop.orders to {group}, {asleep};
         grant select on shop.orders to {reader};"
    ))
    .await;
    side
}

async fn take_lock(db: &PostgresDatabase, run_id: &str) -> PortResult<LockReport> {
    db.lock(&db.plan_lock(&everything(), run_id).await?).await
}

async fn locked(side: &Side) -> (PostgresDatabase, Vec<String>) {
    let db = side.crossover().await;
    let report = take_lock(&db, "run-1").await.unwrap();
    assert!(!report.already);
    (db, report.roles)
}

async fn is_locked_out(side: &Side, role: &str) -> bool {
    match side.session(&side.role(role)).await {
        Ok(_) => false,
        Err(error) => {
            let code = error.code().unwrap_or_else(|| panic!("{error:?}"));
            assert!(
                [
                    &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
                    &SqlState::INSUFFICIENT_PRIVILEGE
                ]
                .contains(&code),
                "{error:?}"
            );
            true
        }
    }
}
