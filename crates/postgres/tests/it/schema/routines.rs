//! Functions, views and types.

use super::{
    Different, Error, ExtraOnTarget, MissingOnTarget, SHOP, Side, Warning, expect_reported, planted,
};

#[tokio::test]
async fn differences_of_functions_views_and_types_are_read() {
    let side = Side::new().await;
    side.owner(SHOP).await;
    side.owner(
        "create function shop.long() returns int language plpgsql as E'begin\n  -- says one\n  return 1;\nend';
         create view shop.wide as select id, name, note, 'a column with a long name' as a, 'another one' as b, 'and one more' as c
             from shop.customers where name <> 'nobody'",
    )
    .await;
    expect_reported(
        &side,
        &[
            planted(
                "create or replace function shop.long() returns int language plpgsql as E'begin\n  -- says one\n  return 2;\nend'",
                Different,
                Error,
                "function shop.long()",
                "body line 3 is `  return 1;` on the source, `  return 2;` on the target",
            ),
            planted(
                "alter function shop.long() stable security definer set search_path = shop",
                Different,
                Error,
                "function shop.long()",
                "volatility volatile on the source, stable on the target; security definer only on the target; \
                 set search_path shop only on the target",
            ),
            planted(
                "create or replace function shop.touch() returns trigger language plpgsql as 'begin  return new; end'",
                Different,
                Error,
                "function shop.touch()",
                "body begin return new; end on the source, begin  return new; end on the target",
            ),
            planted(
                "drop aggregate shop.mul (numeric)",
                MissingOnTarget,
                Error,
                "function shop.mul(numeric)",
                "missing on the target, with 1 grant: kind aggregate, arguments numeric, returns numeric, volatility immutable, \
                 parallel unsafe, cost 1, transition numeric_mu … (55 more characters)",
            ),
            planted(
                "create or replace view shop.wide as select id, name, note, 'a column with a long name' as a, 'another one' as b,
                 'and one more' as c from shop.customers where name <> 'somebody'",
                Different,
                Error,
                "view shop.wide",
                "reads `… WHERE (name <> 'nobody'::text)` on the source, \
                 `… WHERE (name <> 'somebody'::text)` on the target",
            ),
            planted(
                "alter view shop.wide set (security_barrier = true)",
                Different,
                Error,
                "view shop.wide",
                "with security_barrier=true only on the target",
            ),
            planted(
                "drop view shop.single",
                MissingOnTarget,
                Error,
                "view shop.single",
                "missing on the target, with 2 columns: SELECT id, total FROM shop.orders",
            ),
            planted(
                "refresh materialized view shop.totals with no data",
                Different,
                Error,
                "materialized view shop.totals",
                "not populated only on the target",
            ),
            planted(
                "refresh materialized view shop.totals",
                Different,
                Warning,
                "materialized view shop.totals",
                "not populated only on the source",
            ),
            planted(
                "alter type shop.state add value 'lost'",
                Different,
                Error,
                "type shop.state",
                "enum 'open', 'paid' on the source, 'open', 'paid', 'lost' on the target",
            ),
            planted(
                "alter domain shop.code drop constraint short",
                Different,
                Error,
                "type shop.code",
                "constraint CHECK ((VALUE <> ''::text)) CHECK ((length(VALUE) < 9)) on the source, CHECK ((VALUE <> ''::text)) on the target; \
                 names of constraints code_check, short on the source, code_check on the target",
            ),
            planted(
                "alter type shop.pair add attribute c int",
                Different,
                Error,
                "type shop.pair",
                "composite a integer, b text on the source, a integer, b text, c integer on the target",
            ),
            planted(
                "drop collation shop.german",
                MissingOnTarget,
                Error,
                "collation shop.german",
                "missing on the target: provider icu, locale de-DE",
            ),
            planted(
                "drop collation shop.plain; create collation shop.plain (locale = 'POSIX')",
                Different,
                Error,
                "collation shop.plain",
                "collate C on the source, POSIX on the target; ctype C on the source, POSIX on the target",
            ),
            planted("create schema more", ExtraOnTarget, Warning, "schema more", "only on the target"),
            planted("drop schema more", MissingOnTarget, Error, "schema more", "missing on the target"),
        ],
    )
    .await;
}
