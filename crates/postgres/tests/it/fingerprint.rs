//! Schema fingerprints: equal across versions for the same DDL, different for every kind of difference.

use std::collections::BTreeSet;

use crossover_core::{
    catalogue::{Definition, ObjectClass},
    plan::Scope,
    ports::{Access, Catalogue, CatchUpMarkers},
    schema::{compare, fingerprint_hash},
};
use crossover_postgres::SqlRemedies;
use crossover_stand::postgres::Major;

use crate::side::{Side, everything};

/// Versions whose fingerprints must be equal: every version of the stand.
const MAJORS: &[Major] = &Major::ALL;

pub const SHOP: &str = "
    create type shop.state as enum ('open', 'paid');
    create domain shop.code as text not null default 'x' check (value <> '') constraint short check (length(value) < 9);
    create type shop.pair as (a int, b text);
    create type shop.span as range (subtype = numeric);
    create sequence shop.numbers increment 2 cache 10;
    create table shop.customers (id bigint generated always as identity primary key, name text not null, note text collate \"C\");
    create table shop.orders (
        id bigint default nextval('shop.numbers') not null, customer bigint references shop.customers deferrable,
        at date not null, state shop.state default 'open', code shop.code, total numeric(12,2) check (total > 0), weight numeric(6,2),
        twice numeric generated always as (total * 2) stored, primary key (id, at)
    ) partition by range (at);
    create table shop.orders_2026 partition of shop.orders for values from ('2026-01-01') to ('2027-01-01');
    create table shop.orders_rest partition of shop.orders default;
    create index by_state on shop.orders (state) where state = 'open';
    create unlogged table shop.scratch (id int);
    create view shop.open_orders as select o.id, c.name from shop.orders o join shop.customers c on c.id = o.customer where o.state = 'open';
    create view shop.single as select orders.id, (orders.total) from shop.orders;
    create materialized view shop.totals as select sum(total) from shop.orders;
    create function shop.touch() returns trigger language plpgsql as 'begin return new; end';
    create aggregate shop.mul (numeric) (sfunc = numeric_mul, stype = numeric, initcond = '1');
    create trigger touched after insert on shop.orders for each row execute function shop.touch();
    alter table shop.customers enable row level security;
    create policy own on shop.customers for select using (name = current_user);
    create rule silent as on delete to shop.scratch do instead nothing;
    create statistics shop.together on customer, state from shop.orders;
    create collation shop.german (provider = icu, locale = 'de_DE');
    create collation shop.plain (locale = 'C');
    create table shop.base (note text);
    create table shop.kid (more int) inherits (shop.base);
    create function shop.ended() returns event_trigger language plpgsql as 'begin end';
    create event trigger watch on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function shop.ended();
    create extension pgcrypto schema shop;
";

/// DDL that server versions print differently: names that became keywords, calls in SQL syntax, columns of a
/// view over one relation.
const SPELLING: &str = "
    create domain shop.stamp as timestamp default (now() at time zone 'utc') check (value at time zone 'utc' > '2020-01-01');
    create table shop.events (
        id bigint primary key, json jsonb, normalize text, at timestamp default (now() at time zone 'utc'), state varchar(10),
        \"Odd \"\"Name\" int, day date, check (substring(state from 1 for 2) <> 'xx'), check (trim(both ' ' from state) <> ''),
        check (position('a' in state) = 0), check (state ~ 'a\"json\"b' and state <> E'back\\\\slash' and state similar to 'b%')
    );
    create index by_json on shop.events ((json ->> 'json'), normalize) where json is not null;
    create view shop.one as select events.id, e2.n, substring(state from 2), overlay(state placing 'x' from 1 for 1) as o,
        at at time zone 'utc' as u, json, \"Odd \"\"Name\", (select max(id) from shop.customers where customers.id = events.id)
        from shop.events, lateral (select count(*) as n from shop.events) e2;
    create view shop.alone as select id, json, normalize as n, count(*) over (partition by state order by id) as c
        from shop.events e where e.id > 1 and exists (select from shop.customers c where c.id = e.id) order by e.id limit 5;
    create view shop.grouped as select state, count(*) from shop.events group by state having count(*) > 1;
    create view shop.ladder as with x as (select id from shop.events) select x.id from x where x.id > 2;
    create view shop.both as select id from shop.events union all select id from shop.customers order by 1;
    create view shop.inner_query as select s.id from (select id from shop.events where id > 1) s where s.id < 9;
    create view shop.series as select generate_series from generate_series(1, 3);
    create view shop.rows as select r as whole, r.* from shop.events r;
    create view shop.listed as select v.a from (values (1, 'x'), (2, 'y')) v(a, b);
    create view shop.guarded with (security_barrier = true) as select id from shop.events where id > 0 with local check option;
    create materialized view shop.later as select customers.name from shop.customers with no data;
    create function shop.f(\"json\" int default 1, at timestamp default now() at time zone 'utc') returns int language sql as 'select 1';
    create procedure shop.p(a int) language plpgsql security definer set search_path = shop, public as 'begin end';
    create trigger early before update of json on shop.events for each row
        when (new.at at time zone 'utc' > '2020-01-01') execute function shop.touch();
    create policy late on shop.events using (at at time zone 'utc' > now() and id in (select id from shop.customers c where c.name = current_user));
    create rule along as on insert to shop.alone do instead insert into shop.events (id, json) values (new.id, new.json);
";

async fn fingerprint(side: &Side) -> Vec<Definition> {
    side.crossover().await.fingerprint(&everything()).await.unwrap()
}

/// Objects that differ between the two sides.
fn differing(one: &[Definition], other: &[Definition]) -> Vec<String> {
    let details = compare(one, other, &SqlRemedies)
        .into_iter()
        .map(|difference| difference.detail);
    details.collect()
}

/// Objects that legitimately differ between two test servers, or that every database has.
pub fn of_the_server(definition: &Definition) -> bool {
    matches!(definition.class, ObjectClass::Database | ObjectClass::Extension)
        || definition.object == "grants on database to PUBLIC"
        // version 15 took a right from it
        || definition.object == "grants on schema public to PUBLIC"
}

#[tokio::test]
async fn the_same_ddl_has_the_same_fingerprint_on_every_version() {
    let mut all = Vec::new();
    for &major in MAJORS {
        let side = Side::on(major).await;
        side.owner(SHOP).await;
        side.owner(SPELLING).await;
        side.owner(&crate::kinds::one_of_each()).await;
        all.push((side.version().await, fingerprint(&side).await));
    }
    let (first, one) = &all[0];
    assert!(one.is_sorted());
    let kinds: BTreeSet<ObjectClass> = one.iter().map(|d| d.class).collect();
    assert_eq!(
        kinds,
        ObjectClass::ALL.iter().copied().collect(),
        "the DDL has every class"
    );
    for (version, other) in &all[1..] {
        let ours: Vec<_> = one.iter().filter(|d| !of_the_server(d)).cloned().collect();
        let theirs: Vec<_> = other.iter().filter(|d| !of_the_server(d)).cloned().collect();
        assert_eq!(
            differing(&ours, &theirs),
            Vec::<String>::new(),
            "{first} and {version}"
        );
        assert_eq!(ours, theirs, "{first} and {version}");
        assert_eq!(
            fingerprint_hash(one),
            fingerprint_hash(other),
            "{first} and {version}"
        );
    }
}

#[tokio::test]
async fn the_order_of_columns_warns_and_crossovers_own_objects_do_not_count() {
    let (one, other) = (Side::new().await, Side::new().await);
    one.owner("create table shop.t (a int, b text)").await;
    other
        .owner("create table shop.t (b text, gone int, a int); alter table shop.t drop column gone")
        .await;
    let db = other.crossover().await;
    db.prepare_marker().await.unwrap();
    db.lock(&db.plan_lock(&everything(), "run-1").await.unwrap())
        .await
        .unwrap();
    assert_eq!(
        differing(&fingerprint(&one).await, &fingerprint(&other).await),
        ["table shop.t: column order a, b on the source, b, a on the target"]
    );
    assert_eq!(
        fingerprint_hash(&fingerprint(&one).await),
        fingerprint_hash(&fingerprint(&other).await)
    );
}

#[tokio::test]
async fn grants_to_our_own_and_exempt_roles_do_not_count() {
    let side = Side::new().await;
    let cdc = side.add_role("cdc", "login").await;
    side.owner("create table shop.t (a int)").await;
    let db = side.crossover_exempting(vec![cdc.clone()]).await;
    let before = db.fingerprint(&everything()).await.unwrap();
    side.owner(&format!("grant select on shop.t to {cdc}, {}", side.own()))
        .await;
    assert_eq!(db.fingerprint(&everything()).await.unwrap(), before);
}

#[tokio::test]
async fn only_what_is_in_scope_counts() {
    let side = Side::new().await;
    side.owner("create schema other; create table other.a (id serial); create table shop.b (id serial); create table shop.c (id int)").await;
    let scope = Scope {
        schemas: vec!["shop".into()],
        exclude: vec!["shop.b".into()],
    };
    let definitions = side.crossover().await.fingerprint(&scope).await.unwrap();
    let objects: Vec<&str> = definitions
        .iter()
        .filter(|d| !of_the_server(d))
        .map(|d| d.object.as_str())
        .collect();
    assert_eq!(
        objects,
        [
            "column shop.c.id",
            "owner of table shop.c",
            "schema shop",
            "table shop.c"
        ]
    );
}
