//! The sample shop: a schema with one of every kind of object that makes migrations difficult, and its data.
//!
//! Both sides get the same definitions ([`create_schema`]); only the source gets rows ([`generate`]). The
//! application role is created separately ([`create_app_role`]), because on the target it must not be able to
//! log in before the commit.

use tokio_postgres::Client;

const ROLES: &str = include_str!("shop/sql/roles.sql");
const LEDGER: &str = include_str!("shop/sql/ledger.sql");
const SHOP: &str = include_str!("shop/sql/shop.sql");
const CUSTOMERS: &str = include_str!("shop/sql/customers.sql");
const PRODUCTS: &str = include_str!("shop/sql/products.sql");
const ORDERS: &str = include_str!("shop/sql/orders.sql");

/// Orders inserted by one statement: many enough for speed, few enough to show progress.
const BATCH: u64 = 10_000;

/// The role of the sample API.
pub const APP_ROLE: &str = "shop_app";

/// The data that the load uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The generated shop: a write is an order with items, payment and ledger entry in one transaction.
    Shop,
    /// A user schema: a write is one ledger entry, and the user's tables are not touched.
    LedgerOnly,
}

/// Number of rows that [`generate`] has created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// Customers; their ids are `1..=customers`.
    pub customers: u64,
    /// Products; their ids are `1..=products`.
    pub products: u64,
    /// Orders; their ids are `1..=orders`.
    pub orders: u64,
    /// Order items.
    pub items: u64,
    /// Payments, one for each order.
    pub payments: u64,
}

/// Creates the roles, the ledger and (in [`Mode::Shop`]) the shop, in an empty database.
///
/// The same definitions on both sides. Roles may exist already; schemas may not. Needs a superuser, and
/// leaves [`APP_ROLE`] without a login: see [`create_app_role`].
pub async fn create_schema(client: &Client, mode: Mode) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(ROLES).await?;
    if mode == Mode::Shop {
        client.batch_execute(SHOP).await?;
    }
    client.batch_execute(LEDGER).await
}

/// Sets the password and the login of [`APP_ROLE`], and revokes CONNECT on this database from all other
/// roles.
///
/// With `login` (the source) the role can connect. Without it (the target before the commit) the role has
/// NOLOGIN and no privilege to connect: CONNECT is revoked from PUBLIC too, because revoking it from the role
/// alone changes nothing while PUBLIC has the privilege.
pub async fn create_app_role(
    client: &Client,
    password: &str,
    login: bool,
) -> Result<(), tokio_postgres::Error> {
    // The statement is built on the server: a utility statement takes no parameters, and `format` quotes
    // safely.
    let statements = client
        .query_one(
            "select format('alter role shop_app %s password %L', case when $2::boolean then 'login' else 'nologin' end, $1::text),
                    format('revoke connect on database %I from public, shop_app', current_database()),
                    format('grant connect on database %I to shop_app', current_database())",
            &[&password, &login],
        )
        .await?;
    client.batch_execute(statements.get::<_, &str>(0)).await?;
    client.batch_execute(statements.get::<_, &str>(1)).await?;
    if login {
        client.batch_execute(statements.get::<_, &str>(2)).await?;
    }
    Ok(())
}

/// Fills the shop with `orders` orders and their dependent rows; calls `progress` with the number of orders
/// so far.
///
/// Set-based and deterministic: the same number gives the same rows. The shop must be empty. Needs a
/// superuser: foreign keys are not checked row by row, which would take five times as long; a test proves
/// that the rows satisfy them.
pub async fn generate(
    client: &Client,
    orders: u64,
    progress: impl FnMut(u64) + Send,
) -> Result<Generated, tokio_postgres::Error> {
    client
        .batch_execute("set session_replication_role = replica")
        .await?;
    let generated = insert_rows(client, orders, progress).await;
    client.batch_execute("reset session_replication_role").await?;
    let generated = generated?;
    // Ids were given, not drawn: the sequences follow.
    client
        .batch_execute(
            "select setval(pg_get_serial_sequence('shop.customers', 'id'), max(id)) from shop.customers having max(id) is not null;
             select setval(pg_get_serial_sequence('shop.products', 'id'), max(id)) from shop.products having max(id) is not null;
             select setval('shop.orders_id_seq', max(id)) from shop.orders having max(id) is not null;
             analyze shop.customers, shop.products, shop.orders, shop.order_items, shop.payments;",
        )
        .await?;
    Ok(generated)
}

async fn insert_rows(
    client: &Client,
    orders: u64,
    mut progress: impl FnMut(u64) + Send,
) -> Result<Generated, tokio_postgres::Error> {
    let customers = (orders / 5).max(100);
    let products = (orders / 50).clamp(50, 5_000);
    client.execute(CUSTOMERS, &[&1_i64, &(customers as i64)]).await?;
    client.execute(PRODUCTS, &[&1_i64, &(products as i64)]).await?;
    let insert = client.prepare(ORDERS).await?;
    let (mut items, mut payments, mut done) = (0, 0, 0);
    while done < orders {
        let last = (done + BATCH).min(orders);
        let counts = client
            .query_one(
                &insert,
                &[
                    &((done + 1) as i64),
                    &(last as i64),
                    &(customers as i64),
                    &(products as i64),
                ],
            )
            .await?;
        items += counts.get::<_, i64>(0) as u64;
        payments += counts.get::<_, i64>(1) as u64;
        done = last;
        progress(done);
    }
    Ok(Generated {
        customers,
        products,
        orders,
        items,
        payments,
    })
}
