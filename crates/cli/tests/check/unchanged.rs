//! The command changes nothing.

use crossover_stand::postgres::Database;

use crate::migration::Migration;

/// Everything in a database that Crossover could change: definitions, rights, settings, roles of this test, slots,
/// prepared transactions, files, positions of sequences and rows.
const EVERYTHING: &str = "
    select md5(string_agg(line, e'\\n' order by line)) from (
        select 'relation ' || row(c.oid, c.relname, c.relowner, c.relkind, c.relacl::text, c.relfilenode, c.reloptions,
            c.relreplident, c.relrowsecurity, c.relpersistence)::text as line from pg_class c
        union all select 'column ' || row(attrelid, attnum, attname, atttypid, attnotnull, attacl::text)::text from pg_attribute
        union all select 'schema ' || row(oid, nspname, nspowner, nspacl::text)::text from pg_namespace
            where nspname !~ '^pg_(toast_)?temp_'
        union all select 'function ' || row(oid, proname, proowner, proacl::text, prosrc)::text from pg_proc
        union all select 'trigger ' || row(oid, tgname, tgenabled)::text from pg_trigger
        union all select 'constraint ' || row(oid, conname, convalidated)::text from pg_constraint
        union all select 'extension ' || row(oid, extname, extversion)::text from pg_extension
        union all select 'database ' || row(datname, datdba, datacl::text, datconnlimit, datallowconn)::text from pg_database
            where datname = current_database()
        union all select 'role ' || a::text from pg_authid a where rolname ~ '$suffix$'
        union all select 'member ' || row(m.roleid, m.member)::text from pg_auth_members m
            join pg_authid a on a.oid in (m.roleid, m.member) where a.rolname ~ '$suffix$'
        union all select 'setting ' || s::text from pg_db_role_setting s
            where setdatabase = (select oid from pg_database where datname = current_database())
        union all select 'slot ' || slot_name from pg_replication_slots where database = current_database()
        union all select 'publication ' || pubname from pg_publication
        union all select 'prepared ' || gid from pg_prepared_xacts where database = current_database()
        union all select 'sequence ' || s::text from pg_sequences s
        union all select 'row ' || o::text || o.xmin::text from shop.orders o
    ) everything";

async fn fingerprint(shop: &Migration, database: &Database) -> String {
    let client = database.connect().await.unwrap();
    let sql = EVERYTHING.replace("$suffix$", &format!("{}$", shop.suffix));
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

async fn both(shop: &Migration) -> [String; 2] {
    [
        fingerprint(shop, &shop.source).await,
        fingerprint(shop, &shop.target).await,
    ]
}

#[tokio::test]
async fn neither_database_is_changed() {
    let shop = Migration::new().await;
    shop.both("create table orders (id serial primary key); insert into orders default values; create table keyless (a int)")
        .await;
    let app = shop.role("app");
    shop.source(&format!(
        "reset role; create role {app} login; grant insert on shop.orders to {app}"
    ))
    .await;
    let before = both(&shop).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    let said = shop.check(&["--all", "--html", file.to_str().unwrap()]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert_eq!(both(&shop).await, before);

    // The comparison can fail: each of these is seen.
    for change in [
        "create schema further",
        "insert into orders default values",
        "select nextval('orders_id_seq')",
        &format!("reset role; alter role {app} nologin"),
        &format!(
            "reset role; revoke connect on database {} from public",
            shop.source.name()
        ),
        "reset role; select pg_create_logical_replication_slot('of_' || current_database(), 'test_decoding')",
    ] {
        let before = fingerprint(&shop, &shop.source).await;
        shop.source(change).await;
        assert_ne!(fingerprint(&shop, &shop.source).await, before, "{change}");
    }
    shop.source("reset role; select pg_drop_replication_slot('of_' || current_database())")
        .await;
}
