use crossover_rehearsal::api::SampleApi;
use crossover_rehearsal::shop::{self, APP_ROLE, Mode};
use tokio_postgres::NoTls;

use crate::{count, empty_database, shop_database};

#[tokio::test]
async fn the_generated_rows_satisfy_every_foreign_key_and_are_the_same_each_time() {
    let (_first, one, generated) = shop_database(3_000).await;
    let (_second, two, _) = shop_database(3_000).await;
    assert_eq!(generated.orders, 3_000);
    assert_eq!(
        count(&one, "select count(*) from shop.order_items").await as u64,
        generated.items
    );
    // Validating again reads every row: the generator switches the row-by-row check off.
    one.batch_execute(
        "do $$ declare c record; begin
             for c in select conrelid::regclass t, conname n, pg_get_constraintdef(oid) d from pg_constraint
                      where contype = 'f' and connamespace = 'shop'::regnamespace and conparentid = 0 loop
                 execute format('alter table %s drop constraint %I', c.t, c.n);
                 execute format('alter table %s add constraint %I %s', c.t, c.n, c.d);
             end loop;
         end $$",
    )
    .await
    .expect("every foreign key holds");
    for table in ["customers", "products", "orders", "order_items", "payments"] {
        let hash = format!("select bit_xor(hashtextextended((q.*)::text, 0)) from shop.{table} q");
        assert_eq!(count(&one, &hash).await, count(&two, &hash).await, "{table}");
    }
}

#[tokio::test]
async fn the_shop_has_every_difficult_kind_of_object() {
    let (_database, client, _) = shop_database(500).await;
    let expected = [
        ("identity columns", "select count(*) from pg_attribute where attidentity <> '' and attrelid::regclass::text like 'shop.%'", 4),
        ("a sequence with a cache", "select count(*) from pg_sequences where schemaname = 'shop' and cache_size = 50", 1),
        ("a sequence that descends", "select count(*) from pg_sequences where schemaname = 'shop' and increment_by < 0", 1),
        (
            "sequences without an owner",
            "select count(*) from pg_class c where relkind = 'S' and relnamespace = 'shop'::regnamespace and not exists
                 (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0)",
            2,
        ),
        ("tables without a primary key", "select count(*) from pg_class c where relkind in ('r', 'p') and relnamespace in
             ('shop'::regnamespace, 'crossover_load'::regnamespace)
             and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)", 0),
        ("objects of another owner", "select count(*) from pg_class where relnamespace in
             ('shop'::regnamespace, 'crossover_load'::regnamespace) and relkind in ('r', 'p', 'S')
             and relowner <> 'shop_owner'::regrole", 0),
    ];
    for (what, query, number) in expected {
        assert_eq!(count(&client, query).await, number, "{what}");
    }
    let nulls = "select count(*) from shop.orders o join shop.customers c on c.id = o.customer_id
                 where o.note is null and c.phone is null";
    assert!(count(&client, nulls).await > 0, "there are nulls");
}

#[tokio::test]
async fn sequences_continue_beyond_the_generated_ids() {
    let (_database, client, generated) = shop_database(500).await;
    assert_eq!(
        count(&client, "select nextval('shop.orders_id_seq')").await as u64,
        generated.orders + 1
    );
    assert_eq!(
        count(
            &client,
            "select nextval(pg_get_serial_sequence('shop.customers', 'id'))"
        )
        .await as u64,
        generated.customers + 1
    );
}

/// One test for both sides: the role belongs to the server, so two tests would conflict.
#[tokio::test]
async fn the_app_role_serves_the_whole_api_on_the_source_and_cannot_connect_to_the_target() {
    let (source, source_client, generated) = shop_database(500).await;
    let (target, target_client) = empty_database().await;
    shop::create_schema(&target_client, Mode::Shop)
        .await
        .expect("the same definitions, with existing roles");
    let password = "it's \"quoted\" \\ and long";

    shop::create_app_role(&source_client, password, true)
        .await
        .expect("the source's role");
    let mut app = source.config();
    app.user(APP_ROLE).password(password);
    let (session, connection) = app.connect(NoTls).await.expect("the app logs in");
    tokio::spawn(connection);
    assert_eq!(
        count(&session, "select count(*) from shop.orders").await as u64,
        generated.orders
    );
    session
        .batch_execute("create table shop.x ()")
        .await
        .expect_err("the app owns nothing");
    let url = format!(
        "postgresql://{APP_ROLE}:it%27s%20%22quoted%22%20%5C%20and%20long@127.0.0.1:{}/{}",
        source.access().port(),
        source.name()
    );
    let api = SampleApi::start(&url, Mode::Shop, 2)
        .await
        .expect("the API starts");
    crate::api::place_and_read_an_order(&api.base_url(), generated.customers).await;
    api.stop().await;

    shop::create_app_role(&target_client, password, false)
        .await
        .expect("the target's role");
    let mut app = target.config();
    app.user(APP_ROLE).password(password);
    assert!(app.connect(NoTls).await.is_err(), "no login before the commit");
    // Even with a login the database itself refuses the connection.
    target_client
        .batch_execute("alter role shop_app login")
        .await
        .expect("login");
    let refused = app.connect(NoTls).await.err().and_then(|err| err.code().cloned());
    assert_eq!(
        refused,
        Some(tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE),
        "CONNECT is revoked"
    );
}
