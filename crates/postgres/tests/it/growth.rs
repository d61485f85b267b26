//! Reading the catalogue is linear in the number of tables. Not the time is compared but the work: the rows that
//! every node of every plan handles, and the pages that it reads. A plan with a loop over all relations in it does
//! sixteen times the work for four times the tables.

mod plans;

use std::time::Duration;

use crossover_core::ports::{Access as _, Catalogue, ChangeCounters, PortError, Refusal, Repair, Rows};
use crossover_postgres::PostgresDatabase;
use crossover_stand::postgres::{Major, TestServer};

use crate::side::{Side, everything};
use plans::{Log, Work};

const FEW: u32 = 60;
/// An index of four times the entries can be a level higher, so that work grows by somewhat more than four.
const MOST: u64 = 6;

/// A table with everything that a statement joins to it, and the objects that a schema has beside tables.
const UNIT: &str = "
    create domain shop.code$ as text collate \"C\" check (value <> '');
    create type shop.state$ as enum ('open', 'paid');
    create type shop.pair$ as (a int, b text);
    create function shop.o$(int, shop.pair$) returns int language sql as 'select 1';
    create table shop.t$ (
        id bigserial primary key, parent bigint not null references shop.root, name text collate \"C\" not null, code shop.code$,
        state shop.state$, twice bigint generated always as (parent * 2) stored, number int generated always as identity,
        at timestamptz default now(), check (substring(name from 1 for 2) <> 'xx')
    );
    create unique index on shop.t$ (name, parent);
    create index on shop.t$ (at);
    create statistics shop.s$ on parent, name from shop.t$;
    alter table shop.t$ replica identity using index t$_name_parent_idx;
    alter table shop.t$ disable trigger all;
    create trigger touched after insert on shop.t$ for each row execute function shop.touch();
    alter table shop.t$ enable always trigger touched;
    alter table shop.t$ enable row level security;
    create policy own on shop.t$ using (name = current_user);
    create rule silent as on delete to shop.t$ do instead nothing;
    create view shop.v$ as select id, name from shop.t$;
    create function shop.f$(a int) returns int language sql as 'select a';
    create table shop.p$ (id int, at date, primary key (id, at)) partition by range (at);
    create table shop.p$_rest partition of shop.p$ default;
    create table shop.kid$ () inherits (shop.root);
    create index on shop.p$ (at); alter index shop.p$_rest_at_idx set (fillfactor = 60); alter table shop.t$ alter name set statistics 9;
    create trigger touched after insert on shop.p$ for each row execute function shop.touch();
    alter table shop.p$_rest disable trigger touched;
    create foreign table shop.a$ (id int options (column_name 'a')) server far options (table_name 't');
    create materialized view shop.m$ as select 1; comment on view shop.v$ is 'a view'; select lo_create(100000 + $);
    create type shop.r$ as range (subtype = int); create aggregate shop.g$(int) (sfunc = int4pl, stype = int);
    create operator shop.<+> (leftarg = int, rightarg = shop.pair$, function = shop.o$);
    alter publication feed add table shop.t$; alter default privileges for role reader in schema shop grant select on tables to public;
    revoke delete on shop.kid$ from current_user;
    grant select, insert on shop.t$ to reader; grant update (name) on shop.t$ to reader; grant usage on sequence shop.t$_id_seq to reader;";

async fn server(major: Major) -> TestServer {
    let settings = [
        // The catalogue stays as it is after a restore, before anything has analysed it.
        ("autovacuum", "off"),
        ("max_locks_per_transaction", "200"),
        ("logging_collector", "on"),
        ("log_filename", plans::FILE),
        ("log_line_prefix", "%d/%a/"),
        ("log_statement", "all"),
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_buffers", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_format", "json"),
    ];
    TestServer::private(major, &settings).await.unwrap()
}

async fn with_tables(server: &TestServer, units: u32) -> Side {
    let side = Side::at(server.access().config("postgres")).await;
    side.owner(&format!(
        "create table shop.root (id bigint primary key);
         create foreign data wrapper wrapper; create server far foreign data wrapper wrapper; create publication feed;
         create function shop.touch() returns trigger language plpgsql as 'begin return null; end';
         set auto_explain.log_min_duration = -1;
         do $do$ begin for i in 1..{units} loop execute replace($unit${UNIT}$unit$, '$', i::text); end loop; end $do$;
         grant all on all tables in schema shop to {own}; grant all on all sequences in schema shop to {own};
         alter role {own} bypassrls",
        own = side.own()
    ))
    .await;
    side
}

/// Every statement over a scope.
async fn read_everything(database: &PostgresDatabase) {
    let scope = everything();
    assert!(!database.fingerprint(&scope).await.unwrap().is_empty());
    assert!(!database.not_compared(&scope).await.unwrap().is_empty());
    assert!(!database.tables(&scope).await.unwrap().is_empty());
    assert!(!database.statistics(&scope).await.unwrap().is_empty());
    assert!(!database.sequences(&scope).await.unwrap().is_empty());
    assert!(!database.roles(&scope, &[]).await.unwrap().is_empty());
    assert!(!database.shapes(&scope).await.unwrap().is_empty());
    assert!(!database.writing(&scope).await.unwrap().is_empty());
    assert!(!database.database_state(&scope).await.unwrap().tables.is_empty());
    database.plan_lock(&scope, "run-1").await.unwrap();
}

async fn work(log: &Log, side: &Side) -> Work {
    let database = side.crossover().await;
    let before = log.read(side).await.len();
    read_everything(&database).await;
    Work::of(&log.read(side).await[before..], &side.name)
}

#[tokio::test]
async fn the_work_of_every_statement_is_linear_in_the_tables() {
    for major in [Major::V12, Major::V18] {
        let server = server(major).await;
        let log = Log::default();
        let admin = server.access().connect("postgres").await.unwrap();
        admin.batch_execute("create role reader").await.unwrap();
        let (few, many) = (
            with_tables(&server, FEW).await,
            with_tables(&server, 4 * FEW).await,
        );
        for state in ["never analysed", "analysed"] {
            if state == "analysed" {
                few.owner("analyze").await;
                many.owner("analyze").await;
            }
            let (less, more) = (work(&log, &few).await, work(&log, &many).await);
            assert_eq!(less.statements(), more.statements(), "{major}");
            assert!(less.statements().len() >= 12, "{major}: {:?}", less.statements());
            for statement in less.statements() {
                let (less, more) = (less.in_statement(statement), more.in_statement(statement));
                assert!(
                    more <= MOST * less,
                    "{major}, {state}: {less} rows and pages for {FEW} tables, {more} for four times the tables, in\n{statement}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_time_limit_follows_the_number_of_relations_unless_it_is_given() {
    let server = server(Major::V16).await;
    let log = Log::default();
    let side = Side::at(server.access().config("postgres")).await;
    side.owner("create table shop.t (id int primary key)").await;
    let database = side.crossover().await;
    database.tables(&everything()).await.unwrap();
    let row = side
        .superuser()
        .await
        .query_one("select count(*) from pg_class", &[])
        .await;
    let limit = 30_000 + 4 * row.unwrap().get::<_, i64>(0);
    let said = log.read(&side).await;
    assert!(
        said.contains(&format!("set statement_timeout = {limit}")),
        "{limit} ms: {said}"
    );

    // Planning alone takes longer.
    let hurried = side
        .crossover()
        .await
        .with_catalogue_limit(Duration::from_millis(1));
    let error = hurried.fingerprint(&everything()).await.unwrap_err();
    assert!(
        matches!(
            &error,
            PortError::Refused {
                about: Refusal::Stopped,
                ..
            }
        ) && error.to_string().contains("a statement that reads the catalogue"),
        "{error}"
    );
}
